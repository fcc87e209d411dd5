#include "drill/drill.h"

#include <stdarg.h>
#include <string.h>

#define LABEL_WIDTH 20
#define PAGE_WIDTH  100

/* The drill's folder has another name in every run, and tells nobody anything. */
static void put_word(const struct drill_run *run, struct text word)
{
    struct text folder = text_of(run->folder);
    size_t at = text_find(word, folder);

    if (at == SIZE_MAX)
        fprintf(run->page, "%.*s", TEXT_ARG(word));
    else
        fprintf(run->page, "%.*s...%.*s", TEXT_ARG(text_part(word, 0, at)),
                TEXT_ARG(text_part(word, at + folder.size, SIZE_MAX)));
}

/* One paragraph, wrapped, with its label in front of the first line. */
static void put(struct drill_run *run, const char *label, const char *text)
{
    struct text rest = text_of(text), word;
    size_t at = LABEL_WIDTH;

    fprintf(run->page, "%-*s", LABEL_WIDTH, label);
    for (bool first = true; text_cut_word(&rest, &word); first = false) {
        if (!first && at + 1 + word.size > PAGE_WIDTH) {
            fprintf(run->page, "\n%*s", LABEL_WIDTH, "");
            at = LABEL_WIDTH;
        } else if (!first) {
            fputc(' ', run->page);
            at++;
        }
        put_word(run, word);
        at += word.size;
    }
    fputc('\n', run->page);
}

static void put_format(struct drill_run *run, const char *label, const char *format, va_list arguments)
    PRINTF_LIKE(3, 0);
static void put_format(struct drill_run *run, const char *label, const char *format, va_list arguments)
{
    char text[1200];

    (void)vsnprintf(text, sizeof(text), format, arguments);
    put(run, label, text);
}

void drill_attacker(struct drill_run *run, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    put_format(run, "THE ATTACKER HAS", format, arguments);
    va_end(arguments);
}

void drill_attempt(struct drill_run *run, const char *format, ...)
{
    va_list arguments;
    char label[40];

    run->attempts++;
    (void)snprintf(label, sizeof(label), "%-16s%3zu", run->attempts == 1 ? "HE TRIES" : "", run->attempts);
    va_start(arguments, format);
    put_format(run, label, format, arguments);
    va_end(arguments);
}

void drill_refused(struct drill_run *run, bool believed, const struct error *err, const char *alarm)
{
    if (believed) {
        run->broken++;
        put(run, "        BELIEVED", "it was not refused");
        return;
    }
    put(run, "         refused", err->text);
    if (strstr(err->text, alarm) != NULL) {
        run->refused++;
        return;
    }
    run->broken++;
    fprintf(run->page, "%*s", LABEL_WIDTH, "    WRONG REASON  ");
    fprintf(run->page, "the refusal should have named \"%s\"\n", alarm);
}

void drill_held(struct drill_run *run, bool held, const char *format, ...)
{
    va_list arguments;

    run->refused += held;
    run->broken += !held;
    va_start(arguments, format);
    put_format(run, held ? "            held" : "    DID NOT HOLD", format, arguments);
    va_end(arguments);
}

void drill_note(struct drill_run *run, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    put_format(run, "", format, arguments);
    va_end(arguments);
}

void drill_nothing_bad(struct drill_run *run, bool nothing, const char *format, ...)
{
    va_list arguments;

    run->broken += !nothing;
    va_start(arguments, format);
    put_format(run, nothing ? "NOTHING BAD RAN" : "SOMETHING BAD RAN", format, arguments);
    va_end(arguments);
}

void drill_recovered(struct drill_run *run, bool recovered, const char *format, ...)
{
    va_list arguments;

    run->recovered = recovered;
    run->broken += !recovered;
    va_start(arguments, format);
    put_format(run, recovered ? "AFTERWARDS" : "DID NOT RECOVER", format, arguments);
    va_end(arguments);
}

void drill_untried(struct drill_run *run, const char *format, ...)
{
    va_list arguments;

    run->untried++;
    va_start(arguments, format);
    put_format(run, "NOT TRIED", format, arguments);
    va_end(arguments);
}
