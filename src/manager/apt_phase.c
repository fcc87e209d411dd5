#include "manager/apt_phase.h"

#include "base/file.h"
#include "base/limits.h"

/* What std::seed_seq is fed: the text's bytes, one number each, and their count first where the algorithm wants it. */
struct seed {
    struct text parts[5];
    uint32_t size;
};

#define SEED_WORDS 4 /* of which minstd_rand uses the last */

static uint32_t seed_byte(const struct seed *seed, uint32_t index)
{
    for (size_t i = 0; i < 5; i++) {
        if (index < seed->parts[i].size)
            return (uint32_t)(int32_t)(signed char)seed->parts[i]
                .at[index]; /* char is signed where apt runs */
        index -= (uint32_t)seed->parts[i].size;
    }
    return 0;
}

static uint32_t mixed(uint32_t word)
{
    return word ^ word >> 27;
}

/* [rand.util.seedseq] of the C++ standard, for four words: t = 1, p = 1, q = 2. */
static uint32_t last_seed_word(const struct seed *seed)
{
    enum { P = 1, Q = 2 };
    uint32_t words[SEED_WORDS] = {0x8b8b8b8b, 0x8b8b8b8b, 0x8b8b8b8b, 0x8b8b8b8b};
    uint32_t count = seed->size + 1 > SEED_WORDS ? seed->size + 1 : SEED_WORDS;

    for (uint32_t k = 0; k < count; k++) {
        uint32_t a = words[k % SEED_WORDS], p = words[(k + P) % SEED_WORDS];
        uint32_t last = words[(k + SEED_WORDS - 1) % SEED_WORDS], first = 1664525 * mixed(a ^ p ^ last);
        uint32_t added = k == 0            ? seed->size
                         : k <= seed->size ? k % SEED_WORDS + seed_byte(seed, k - 1)
                                           : k % SEED_WORDS;
        words[(k + P) % SEED_WORDS] += first;
        words[(k + Q) % SEED_WORDS] += first + added;
        words[k % SEED_WORDS] = first + added;
    }
    for (uint32_t k = count; k < count + SEED_WORDS; k++) {
        uint32_t a = words[k % SEED_WORDS], p = words[(k + P) % SEED_WORDS];
        uint32_t last = words[(k + SEED_WORDS - 1) % SEED_WORDS], third = 1566083941 * mixed(a + p + last);
        uint32_t taken = third - k % SEED_WORDS;
        words[(k + P) % SEED_WORDS] ^= third;
        words[(k + Q) % SEED_WORDS] ^= taken;
        words[k % SEED_WORDS] = taken;
    }
    return words[SEED_WORDS - 1];
}

uint32_t apt_phase_draw(struct text machine_id, struct text source, struct text source_version)
{
    const struct seed seed = {
        .parts = {source, TEXT("-"), source_version, TEXT("-"), machine_id},
        .size = (uint32_t)(source.size + source_version.size + machine_id.size + 2),
    };
    /* minstd_rand: x = 48271 x mod 2^31 - 1, from 1 on. */
    const uint64_t modulus = 2147483647, range = modulus - 2;
    const uint64_t scale = range / 101, end = 101 * scale; /* what does not divide evenly is drawn again */
    uint64_t x = last_seed_word(&seed) % modulus, drawn;

    if (x == 0)
        x = 1;
    do {
        x = x * 48271 % modulus;
        drawn = x - 1;
    } while (drawn >= end);
    return (uint32_t)(drawn / scale);
}

bool apt_phase_is_out(const struct apt_phasing *phasing, struct text source, struct text source_version,
                      uint32_t percentage)
{
    if (percentage >= 100 || phasing->always)
        return false;
    if (phasing->never)
        return true;
    return phasing->machine_id.size > 0 &&
           apt_phase_draw(phasing->machine_id, source, source_version) > percentage;
}

static bool either(const struct apt_config *config, const char *apt, const char *update_manager)
{
    return apt_config_bool(config, text_of(apt), apt_config_bool(config, text_of(update_manager), false));
}

bool apt_phasing_read(const struct apt_config *config, struct arena *arena, struct apt_phasing *out,
                      struct error *err)
{
    struct apt_phasing phasing = {
        .machine_id = apt_config_find(config, TEXT("APT::Machine-ID"), TEXT("")),
        .always = either(config, "APT::Get::Always-Include-Phased-Updates",
                         "Update-Manager::Always-Include-Phased-Updates"),
        .never = either(config, "APT::Get::Never-Include-Phased-Updates",
                        "Update-Manager::Never-Include-Phased-Updates"),
        .policy = apt_config_bool(config, TEXT("APT::Get::Phase-Policy"), false),
    };
    const char *path = file_below(arena, config->root, "/etc/machine-id");
    struct error ignored;
    struct text rest, line = {0};
    struct bytes raw;

    if (path == NULL)
        return arena_full(arena, err);
    if (phasing.machine_id.size == 0 && file_read(path, KIB, arena, &raw, &ignored)) {
        rest = (struct text){(const char *)raw.at, raw.size};
        (void)text_cut(&rest, '\n', &line);
        phasing.machine_id = line;
    }
    *out = phasing;
    return true;
}
