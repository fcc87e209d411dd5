#include "model/release.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Distributions and ecosystems whose order of versions we have. Others get a name made from their own and no order.
 * `parts`: how many numbers of VERSION_ID name the release (AlmaLinux 9.3 is almalinux-9); 0: it has no releases.
 */
static const struct family {
    const char *name;
    const char *osv; /* OSV's word before the first ':' */
    const char *id;  /* os-release's ID; NULL: no operating system */
    enum version_order order;
    unsigned parts;
} families[] = {
    {"debian", "Debian", "debian", VERSION_DEB, 1},
    {"ubuntu", "Ubuntu", "ubuntu", VERSION_DEB, 2},
    {"almalinux", "AlmaLinux", "almalinux", VERSION_RPM, 1},
    {"rocky", "Rocky Linux", "rocky", VERSION_RPM, 1},
    {"rhel", "Red Hat", "rhel", VERSION_RPM, 1},
    {"azurelinux", "Azure Linux", "azurelinux", VERSION_RPM, 1},
    {"photon", "Photon OS", "photon", VERSION_RPM, 2},
    {"mageia", "Mageia", "mageia", VERSION_RPM, 1},
    {"opensuse", "openSUSE", NULL, VERSION_RPM, 2}, /* "openSUSE:Leap 15.6" */
    {"opensuse-leap", NULL, "opensuse-leap", VERSION_RPM, 2},
    {"opensuse-tumbleweed", NULL, "opensuse-tumbleweed", VERSION_RPM, 0},
    {"alpine", "Alpine", "alpine", VERSION_APK, 2},
    {"wolfi", "Wolfi", "wolfi", VERSION_APK, 0},
    {"chainguard", "Chainguard", "chainguard", VERSION_APK, 0},
    {"go", "Go", NULL, VERSION_SEMVER, 0},
    {"npm", "npm", NULL, VERSION_SEMVER, 0},
    {"crates.io", "crates.io", NULL, VERSION_SEMVER, 0},
    {"hex", "Hex", NULL, VERSION_SEMVER, 0},
    {"pub", "Pub", NULL, VERSION_SEMVER, 0},
    {"swifturl", "SwiftURL", NULL, VERSION_SEMVER, 0},
};

static const struct {
    const char *codename;
    const char *name;
} codenames[] = {
    {"woody", "debian-3.0"},      {"sarge", "debian-3.1"},      {"etch", "debian-4.0"},
    {"lenny", "debian-5.0"},      {"squeeze", "debian-6.0"},    {"wheezy", "debian-7"},
    {"jessie", "debian-8"},       {"stretch", "debian-9"},      {"buster", "debian-10"},
    {"bullseye", "debian-11"},    {"bookworm", "debian-12"},    {"trixie", "debian-13"},
    {"forky", "debian-14"},       {"duke", "debian-15"},        {"sid", "debian-sid"},
    {"warty", "ubuntu-4.10"},     {"hoary", "ubuntu-5.04"},     {"breezy", "ubuntu-5.10"},
    {"dapper", "ubuntu-6.06"},    {"edgy", "ubuntu-6.10"},      {"feisty", "ubuntu-7.04"},
    {"gutsy", "ubuntu-7.10"},     {"hardy", "ubuntu-8.04"},     {"intrepid", "ubuntu-8.10"},
    {"jaunty", "ubuntu-9.04"},    {"karmic", "ubuntu-9.10"},    {"lucid", "ubuntu-10.04"},
    {"maverick", "ubuntu-10.10"}, {"natty", "ubuntu-11.04"},    {"oneiric", "ubuntu-11.10"},
    {"precise", "ubuntu-12.04"},  {"quantal", "ubuntu-12.10"},  {"raring", "ubuntu-13.04"},
    {"saucy", "ubuntu-13.10"},    {"trusty", "ubuntu-14.04"},   {"utopic", "ubuntu-14.10"},
    {"vivid", "ubuntu-15.04"},    {"wily", "ubuntu-15.10"},     {"xenial", "ubuntu-16.04"},
    {"yakkety", "ubuntu-16.10"},  {"zesty", "ubuntu-17.04"},    {"artful", "ubuntu-17.10"},
    {"bionic", "ubuntu-18.04"},   {"cosmic", "ubuntu-18.10"},   {"disco", "ubuntu-19.04"},
    {"eoan", "ubuntu-19.10"},     {"focal", "ubuntu-20.04"},    {"groovy", "ubuntu-20.10"},
    {"hirsute", "ubuntu-21.04"},  {"impish", "ubuntu-21.10"},   {"jammy", "ubuntu-22.04"},
    {"kinetic", "ubuntu-22.10"},  {"lunar", "ubuntu-23.04"},    {"mantic", "ubuntu-23.10"},
    {"noble", "ubuntu-24.04"},    {"oracular", "ubuntu-24.10"}, {"plucky", "ubuntu-25.04"},
    {"questing", "ubuntu-25.10"}, {"resolute", "ubuntu-26.04"}, {"stonking", "ubuntu-26.10"},
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Appends letters in lower case, digits and dots; whatever stands between them becomes one '-'. False when it does not fit. */
static bool append(struct release *release, struct text words)
{
    size_t size = strlen(release->name);
    bool gap = size > 0;

    for (size_t i = 0; i < words.size; i++) {
        char c = words.at[i];
        if (!is_letter(c) && !is_digit(c) && c != '.') {
            gap = size > 0;
            continue;
        }
        if (size + (size_t)gap + 1 >= sizeof(release->name))
            return false;
        if (gap)
            release->name[size++] = '-';
        gap = false;
        release->name[size++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    release->name[size] = '\0';
    return true;
}

bool release_from_codename(struct text codename, struct release *out)
{
    struct release release = {.order = VERSION_DEB};

    for (size_t i = 0; i < COUNT(codenames); i++)
        if (text_equal(codename, text_of(codenames[i].codename))) {
            memcpy(release.name, codenames[i].name, strlen(codenames[i].name));
            *out = release;
            return true;
        }
    return false;
}

const char *release_codename(const char *name)
{
    for (size_t i = 0; i < COUNT(codenames); i++)
        if (strcmp(name, codenames[i].name) == 0)
            return codenames[i].codename;
    return NULL;
}

static struct text drop_start(struct text text, struct text start)
{
    return text_starts(text, start) ? text_part(text, start.size, text.size) : text;
}

/*
 * What stands behind OSV's first ':' without what is no part of the release's name: Alpine's "v", Ubuntu's ":LTS". Red Hat
 * writes half a CPE, "enterprise_linux:9::appstream": a machine has all repositories of a release at once, so they are one here.
 */
static struct text release_words(const struct family *family, struct text rest)
{
    if (family == NULL)
        return rest;
    if (strcmp(family->name, "rhel") == 0) {
        rest = drop_start(drop_start(rest, TEXT("enterprise_linux:")), TEXT("rhel_"));
        return text_part(rest, 0, text_find(rest, TEXT("::")));
    }
    if (text_ends(rest, TEXT(":LTS")))
        rest.size -= TEXT(":LTS").size;
    return rest.size > 1 && is_digit(rest.at[1]) ? drop_start(rest, TEXT("v")) : rest;
}

bool release_from_osv(struct text ecosystem, struct release *out)
{
    struct text word, rest = ecosystem;
    const struct family *family = NULL;

    if (!text_cut(&rest, ':', &word) || word.size == 0 || !is_letter(*word.at) ||
        text_ends(ecosystem, TEXT(":")))
        return false;
    for (size_t i = 0; i < COUNT(families) && family == NULL; i++)
        if (families[i].osv != NULL && text_equal(word, text_of(families[i].osv)))
            family = &families[i];
    if (family != NULL && family->parts > 0 && rest.size == 0)
        return false;

    struct release release = {.order = family != NULL ? family->order : VERSION_ORDER_UNKNOWN};
    if (!append(&release, family != NULL ? text_of(family->name) : word) ||
        !append(&release, release_words(family, rest)))
        return false;
    *out = release;
    return true;
}

const char *release_ecosystem(struct text name)
{
    for (size_t i = 0; i < COUNT(families); i++) {
        struct text family = text_of(families[i].name);
        if (text_starts(name, family) && (name.size == family.size || name.at[family.size] == '-') &&
            families[i].osv != NULL)
            return families[i].osv;
    }
    return NULL;
}

/* The first `parts` numbers of "3.18.4". */
static struct text version_parts(struct text version, unsigned parts)
{
    for (size_t i = 0; i < version.size; i++)
        if (version.at[i] == '.' && --parts == 0)
            return text_part(version, 0, i);
    return version;
}

bool release_from_os(struct text id, struct text version_id, struct text codename, struct release *out)
{
    const struct family *family = NULL;
    struct release release = {.order = VERSION_ORDER_UNKNOWN};

    if (id.size == 0 || !is_letter(*id.at))
        return false;
    for (size_t i = 0; i < COUNT(families) && family == NULL; i++)
        if (families[i].id != NULL && text_equal(id, text_of(families[i].id)))
            family = &families[i];
    if (family != NULL) {
        release.order = family->order;
        if (family->parts > 0 && version_id.size == 0) { /* Debian's testing and sid */
            if (!release_from_codename(codename, &release) || !text_starts(text_of(release.name), id))
                return false;
            *out = release;
            return true;
        }
        version_id = family->parts > 0 ? version_parts(version_id, family->parts) : (struct text){NULL, 0};
    }
    if (!append(&release, family != NULL ? text_of(family->name) : id) || !append(&release, version_id))
        return false;
    *out = release;
    return true;
}
