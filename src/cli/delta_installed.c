#include "cli/delta_installed.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "base/stop.h"
#include "delta/spool.h"
#include "flow/rebuild.h"
#include "format/json.h"

/* What the steps below share. */
struct making {
    const struct command_call *call;
    const struct delta_installed *wanted;
    struct rebuild_request request;
    struct rebuild_view view;
    struct stop *stop;
    bool is_terminal;
};

static bool show_progress(void *self, uint64_t done, uint64_t all)
{
    struct making *making = self;

    if (making->is_terminal && all > 0) {
        fprintf(making->call->errors, "\r\033[K%llu %%",
                (unsigned long long)(done > all ? 100 : done * 100 / all));
        fflush(making->call->errors);
    }
    return !stop_asked(making->stop);
}

static void clear_progress(const struct making *making)
{
    if (making->is_terminal)
        fprintf(making->call->errors, "\r\033[K");
}

static bool fill_supplements(struct making *making, struct error *err)
{
    struct text rest = text_of(making->wanted->supplements == NULL ? "" : making->wanted->supplements), one;
    const char **paths = ARENA_ARRAY(making->call->arena, const char *, REBUILD_SUPPLEMENTS_MAX);
    size_t count = 0;

    if (paths == NULL)
        return arena_full(making->call->arena, err);
    while (text_cut(&rest, ',', &one)) {
        if (count == REBUILD_SUPPLEMENTS_MAX)
            return error_set(err, ERROR_LIMIT, "more than %d supplements", REBUILD_SUPPLEMENTS_MAX);
        paths[count] = text_string(making->call->arena, one);
        if (paths[count++] == NULL)
            return arena_full(making->call->arena, err);
    }
    making->request.supplements = paths;
    making->request.supplement_count = count;
    return true;
}

/* suture-rebuild is told an absolute path. */
static bool fill_root(struct making *making, struct error *err)
{
    const char *root = making->wanted->root == NULL ? "/" : making->wanted->root;
    OWN(own_memory) char *absolute = realpath(root, NULL);

    if (absolute == NULL)
        return error_system(err, "%s", root);
    making->request.root = text_string(making->call->arena, text_of(absolute));
    return making->request.root != NULL || arena_full(making->call->arena, err);
}

static bool fill_request(struct making *making, struct error *err)
{
    const struct delta_installed *wanted = making->wanted;
    struct arena *arena = making->call->arena;
    struct text package = text_of(wanted->package == NULL ? "" : wanted->package), name = {0};
    struct text made = text_format(arena, "%s" SPOOL_MADE, wanted->output);
    struct text spool = text_format(arena, "%s" SPOOL_ENDING, wanted->output);

    if (made.at == NULL || spool.at == NULL)
        return arena_full(arena, err);
    (void)!text_cut(&package, ':', &name);
    making->request = (struct rebuild_request){
        .package = name,
        .arch = package,
        .delta = wanted->delta,
        .spool = spool.at,
        .output = made.at,
        .threads = wanted->threads,
        .memory_max = wanted->memory_max,
        .progress = show_progress,
        .self = making,
    };
    return fill_root(making, err) && fill_supplements(making, err) &&
           os_helper(arena, "suture-rebuild", &making->request.program, err);
}

/* Before anything is made: all that it reads is here. */
static bool check_whole(const struct making *making, struct error *err)
{
    static const char *const names[BASE_CLASS_COUNT] = {[BASE_CONTROL] = "control",
                                                        [BASE_LIST] = "list",
                                                        [BASE_FILE] = "files",
                                                        [BASE_CONFFILE] = "conffiles",
                                                        [BASE_DOC] = "documents"};
    const struct rebuild_view *view = &making->view;
    struct text classes = TEXT("");
    uint64_t count = 0;

    for (size_t i = 0; i < BASE_CLASS_COUNT; i++) {
        count += view->missing[i];
        if (view->missing[i] > 0)
            classes = text_format(making->call->arena, "%.*s%s%s", TEXT_ARG(classes),
                                  classes.size > 0 ? ", " : "", names[i]);
    }
    return count == 0 ||
           error_set(err, ERROR_ABSENT, "%.*s (%llu of its files are missing; supplements: %.*s)",
                     TEXT_ARG(view->missing_first), (unsigned long long)count, TEXT_ARG(classes));
}

/* As any other program's output: for its user's group and others as his mask says. */
static bool put_output(const struct making *making, struct error *err)
{
    const mode_t mask = umask(077);

    (void)umask(mask);
    if (chmod(making->request.output, 0666 & ~mask) != 0 ||
        rename(making->request.output, making->wanted->output) != 0)
        return error_system(err, "%s", making->wanted->output);
    return true;
}

/* The lock on the spool is held until the output has its name: else another run could put its own half in place of it. */
static bool make_alone(struct making *making, struct error *err)
{
    struct arena *arena = making->call->arena;
    struct error ignored;

    if (!file_remove(making->request.output, err) ||
        !rebuild_look(&making->request, arena, &making->view, err) || !check_whole(making, err))
        return false;
    bool done = rebuild_run(&making->request, &making->view, arena, err);
    clear_progress(making);
    if (done && !put_output(making, err)) {
        (void)!file_remove(making->request.output, &ignored);
        return false;
    }
    return done;
}

static bool make(struct making *making, struct error *err)
{
    OWN(own_fd) int spool = -1;
    struct error ignored;

    if (!fill_request(making, err) || !spool_open_at(making->request.spool, &spool, err))
        return false;
    bool done = make_alone(making, err);
    /* Somebody may try again where it was stopped; nobody goes on with what failed. */
    if (done || !making->stop->asked)
        (void)!file_remove(making->request.spool, &ignored);
    return done;
}

static void write_names(struct json_writer *j, struct text package, struct text version, struct text arch)
{
    json_name(j, "package");
    json_put_text(j, package);
    json_name(j, "version");
    json_put_text(j, version);
    json_name(j, "arch");
    json_put_text(j, arch);
}

static void write_json(struct writer *w, const struct rebuild_view *view)
{
    struct json_writer j = json_writer_with(w, true);
    char hex[DIGEST_HEX_MAX + 1];

    digest_hex(&view->digest, hex);
    json_open_object(&j);
    json_name(&j, "schema");
    json_put_string(&j, "suture.delta-installed/1");
    write_names(&j, view->made_name, view->made_version, view->made_arch);
    json_name(&j, "new_size");
    json_put_u64(&j, view->size);
    json_name(&j, "sha256");
    json_put_string(&j, hex);
    json_name(&j, "base");
    json_open_object(&j);
    write_names(&j, view->package, view->version, view->arch);
    json_close_object(&j);
    json_close_object(&j);
    writer_string(w, "\n");
}

static bool print_made(const struct making *making, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(MIB);
    const struct rebuild_view *view = &making->view;
    struct bytes raw;

    if (making->wanted->as_json)
        write_json(&w, view);
    else
        writer_format(&w, "%s: %.*s %.*s %.*s, %llu bytes, from %.*s %.*s as installed\n",
                      making->wanted->output, TEXT_ARG(view->made_name), TEXT_ARG(view->made_version),
                      TEXT_ARG(view->made_arch), (unsigned long long)view->size, TEXT_ARG(view->package),
                      TEXT_ARG(view->version));
    if (!writer_done(&w, &raw, err))
        return false;
    (void)fwrite(raw.at, 1, raw.size, making->call->out); /* the roof looks at whether it was written */
    return true;
}

enum command_exit delta_installed_apply(const struct command_call *call, const struct delta_installed *wanted,
                                        struct error *err)
{
    OWN(stop_end) struct stop stop = STOP_NONE;
    struct making making = {
        .call = call, .wanted = wanted, .is_terminal = os_is_terminal(fileno(call->errors))};

    if (!stop_begin(&stop, err))
        return COMMAND_FAILED;
    making.stop = &stop;
    return make(&making, err) && print_made(&making, err) ? COMMAND_DONE : COMMAND_FAILED;
}
