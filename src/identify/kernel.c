#include "identify/kernel.h"

#define IS_DIGIT(c) ((c) >= '0' && (c) <= '9')

/*
 * What follows "linux-" in the names of kernel sources, up to the next '-' or digit that is no part of the word.
 * Debian's all begin with a digit (linux-6.1); these are Ubuntu's since 2006 and Alpine's.
 */
static const char *const families[] = {
    "allwinner",  "armadaxp",   "aws",      "azure",  "bluefield", "dell300x", "ec2",   "edge",
    "euclid",     "fips",       "flo",      "fsl",    "gcp",       "gke",      "gkeop", "goldfish",
    "grouper",    "hwe",        "ibm",      "intel",  "iot",       "joule",    "kvm",   "laptop",
    "linaro",     "lowlatency", "lts",      "maguro", "mako",      "manta",    "mvl",   "nvidia",
    "oem",        "oracle",     "qcm",      "raspi",  "raspi2",    "realtime", "riscv", "rpi",
    "snapdragon", "source",     "starfive", "ti",     "virt",      "xilinx",
};

/* Architectures that end the names of Debian's signed sources. */
static const char *const signed_ends[] = {"-amd64", "-arm64", "-i386", "-armhf", "-riscv64", "-loong64"};

bool kernel_is_source(struct text source)
{
    struct text rest, word;

    if (source.size == 0 || source.at[0] != 'l')
        return false; /* asked of every source: most are told by a byte */
    if (text_equal(source, TEXT("linux")))
        return true;
    if (!text_starts(source, TEXT("linux-")))
        return false;
    rest = text_part(source, TEXT("linux-").size, source.size);
    if (rest.size > 0 && IS_DIGIT(rest.at[0]))
        return true;
    if (!text_cut(&rest, '-', &word))
        return false;
    for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
        if (text_equal(word, text_of(families[i])))
            return true;
    return false;
}

static struct text join_linux(struct text rest, struct arena *arena)
{
    return rest.size == 0 ? TEXT("linux") : text_format(arena, "linux-%.*s", TEXT_ARG(rest));
}

enum kernel_twin kernel_twin(struct text source, struct arena *arena, struct text *kernel)
{
    static const struct text is_signed = {"linux-signed", sizeof("linux-signed") - 1};
    static const struct text is_meta = {"linux-meta", sizeof("linux-meta") - 1};
    bool meta = text_starts(source, is_meta);
    size_t start = meta ? is_meta.size : is_signed.size;

    if ((!meta && !text_starts(source, is_signed)) || (source.size > start && source.at[start] != '-'))
        return KERNEL_TWIN_NONE;
    struct text rest = text_part(source, start, source.size); /* "", "-amd64", "-6.12-amd64", "-hwe-5.15" */
    for (size_t i = 0; !meta && i < sizeof(signed_ends) / sizeof(*signed_ends); i++)
        if (text_ends(rest, text_of(signed_ends[i]))) {
            rest.size -= text_of(signed_ends[i]).size;
            break;
        }
    *kernel = join_linux(text_part(rest, 1, rest.size), arena);
    return meta ? KERNEL_TWIN_META : KERNEL_TWIN_SIGNED;
}

struct text kernel_meta_version(struct text version, struct arena *arena)
{
    size_t dots[3], found = 0, end;

    for (size_t i = 0; i < version.size && found < 3; i++)
        if (version.at[i] == '.')
            dots[found++] = i;
    if (found < 3)
        return (struct text){NULL, 0};
    for (end = dots[2] + 1; end < version.size && IS_DIGIT(version.at[end]); end++)
        ;
    if (end == dots[2] + 1)
        return (struct text){NULL, 0};
    struct text abi = text_part(version, dots[2] + 1, end - dots[2] - 1);
    return text_format(arena, "%.*s-%.*s.65535", TEXT_ARG(text_part(version, 0, dots[2])), TEXT_ARG(abi));
}

static bool cut_start(struct text *text, struct text start)
{
    if (!text_starts(*text, start))
        return false;
    *text = text_part(*text, start.size, text->size);
    return true;
}

struct text kernel_package_release(struct text package)
{
    struct text rest = package;

    if (!cut_start(&rest, TEXT("linux-image-unsigned-")) && !cut_start(&rest, TEXT("linux-image-")) &&
        !cut_start(&rest, TEXT("linux-modules-extra-")) && !cut_start(&rest, TEXT("linux-modules-")))
        return (struct text){NULL, 0};
    if (rest.size == 0 || !IS_DIGIT(rest.at[0]) || text_ends(rest, TEXT("-dbg")) ||
        text_ends(rest, TEXT("-dbgsym")))
        return (struct text){NULL, 0};
    if (text_ends(rest, TEXT("-unsigned")))
        rest.size -= TEXT("-unsigned").size;
    return rest;
}

bool kernel_has_code(struct text package)
{
    return kernel_package_release(package).size > 0;
}
