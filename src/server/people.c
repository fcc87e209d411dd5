#include "server/people.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "server/api_token.h"
#include "server/deed.h"
#include "server/lockout.h"
#include "server/readers.h"
#include "server/roles.h"
#include "store/fleet_read.h"

struct people {
    pthread_mutex_t lock;
    struct arena arena;
    struct lockout *lockout;
    unsigned logins; /* under way */
};

/* ---- who asks ---- */

static bool not_known(struct error *err)
{
    return error_set(err, ERROR_TRUST,
                     "this token is not known here, has ended or was revoked: log in again");
}

static bool is_valid(const struct fleet_api_token *token, const struct fleet_user *user, int64_t now_us)
{
    return token->revoked_us == 0 && now_us < token->ends_us && !user->disabled;
}

/* A database that does not answer is no reason to say that somebody is unknown. */
static bool find(struct server *server, struct request *request, const uint8_t hash[API_TOKEN_HASH],
                 struct fleet_api_token *token, struct fleet_user *user, struct error *err)
{
    OWN(readers_give) struct reader_lease lease = {0};

    if (!readers_take(server, &lease, err))
        return false;
    if (fleet_store_api_token(lease.store, hash, request->arena, token, err) &&
        fleet_store_user(lease.store, token->user, request->arena, user, err))
        return true;
    return err->kind == ERROR_ABSENT ? not_known(err) : false;
}

bool people_identify(struct server *server, struct request *request, struct error *err)
{
    struct text field = request_header(request, "Authorization");
    uint32_t of_user = ROLE_NONE, of_token = ROLE_ALL;
    struct fleet_api_token token;
    struct fleet_user user;
    uint8_t hash[API_TOKEN_HASH];
    struct error no_roles;

    if (field.size == 0)
        return true;
    if (!api_token_hash(api_token_of_field(field), hash, &no_roles))
        return not_known(err);
    if (!find(server, request, hash, &token, &user, err))
        return false;
    if (!is_valid(&token, &user, request->now_us))
        return not_known(err);
    if (user.role.size > 0 && !roles_parse(user.role, &of_user, &no_roles))
        return not_known(err);
    if (token.role.size > 0 && !roles_parse(token.role, &of_token, &no_roles))
        return not_known(err);
    request->principal.roles = of_user & of_token;
    request->principal.name = user.name;
    request->principal.token = (uint64_t)token.number;
    request->principal.session = token.session;
    return true;
}

/* ---- passwords ---- */

bool people_check_name(struct text name, struct error *err)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-@";

    if (name.size == 0 || name.size > PEOPLE_NAME_MAX)
        return error_set(err, ERROR_INPUT, "a user's name has 1 to %d characters", PEOPLE_NAME_MAX);
    for (size_t i = 0; i < name.size; i++)
        if (memchr(allowed, name.at[i], sizeof(allowed) - 1) == NULL)
            return error_set(err, ERROR_INPUT,
                             "a user's name has letters, digits, '.', '_', '-' and '@' only");
    return true;
}

bool people_hash(struct server *server, struct text password, struct arena *arena, struct text *out,
                 struct error *err)
{
    uint8_t salt[PASSWORD_SALT];
    char made[PASSWORD_HASH_MAX];

    server_random(server, salt, sizeof(salt));
    if (!password_hash(password, salt, made, err))
        return false;
    struct text copy = text_copy(arena, text_of(made));
    if (copy.at == NULL)
        return arena_full(arena, err);
    *out = copy;
    return true;
}

/* The place is counted before the password is looked at: a hundred tries at once are a hundred. */
static enum people_answer enter(struct people *people, const struct lockout_try *attempt, int64_t *wait_us)
{
    enum people_answer answer = PEOPLE_KNOWN;

    (void)pthread_mutex_lock(&people->lock);
    if (people->logins == LIMIT_LOGINS)
        answer = PEOPLE_BUSY;
    else if ((*wait_us = lockout_begin(people->lockout, attempt)) > 0)
        answer = PEOPLE_SLOW;
    else
        people->logins++;
    (void)pthread_mutex_unlock(&people->lock);
    return answer;
}

static void leave(struct people *people, const struct lockout_try *attempt, bool succeeded)
{
    (void)pthread_mutex_lock(&people->lock);
    people->logins--;
    if (succeeded)
        lockout_succeeded(people->lockout, attempt);
    (void)pthread_mutex_unlock(&people->lock);
}

static bool read_user(struct server *server, struct request *request, struct text name,
                      struct fleet_user *out, struct error *err)
{
    OWN(readers_give) struct reader_lease lease = {0};
    struct fleet_user none = {0};

    if (!readers_take(server, &lease, err))
        return false;
    if (fleet_store_user(lease.store, name, request->arena, out, err))
        return true;
    *out = none;
    return err->kind == ERROR_ABSENT;
}

static enum people_answer judge(const struct fleet_user *user, const struct people_login *login,
                                int64_t now_us)
{
    bool holds = password_holds(login->password, user->password);

    if (!holds || user->disabled)
        return PEOPLE_WRONG;
    if (user->must_change && now_us - user->changed_us > PEOPLE_ONCE_US)
        return PEOPLE_WRONG;
    return user->must_change && login->new_password.size == 0 ? PEOPLE_NEEDS_NEW : PEOPLE_KNOWN;
}

bool people_try(struct server *server, struct request *request, const struct people_login *login,
                struct people_tried *out, struct error *err)
{
    struct lockout_try attempt = {login->user, request->peer.address, request->now_us};
    struct people_tried tried = {0};

    tried.answer = enter(server->people, &attempt, &tried.wait_us);
    if (tried.answer == PEOPLE_KNOWN) {
        bool read = read_user(server, request, login->user, &tried.user, err);
        tried.answer = read ? judge(&tried.user, login, request->now_us) : PEOPLE_WRONG;
        leave(server->people, &attempt, tried.answer == PEOPLE_KNOWN || tried.answer == PEOPLE_NEEDS_NEW);
        if (!read)
            return false;
    }
    *out = tried;
    return true;
}

/* ---- the part ---- */

static void end_people(struct people **people)
{
    if (*people == NULL)
        return;
    (void)pthread_mutex_destroy(&(*people)->lock);
    arena_end(&(*people)->arena);
    free(*people);
    *people = NULL;
}

static struct people *people_take(struct people **people)
{
    struct people *taken = *people;

    *people = NULL;
    return taken;
}

static bool permits(uint32_t have, unsigned permission)
{
    return permission < PERMISSION_COUNT && roles_permit(have, (enum permission)permission);
}

/* There must be somebody who can log in; what they are told goes to whoever started this, once. */
static bool find_first(struct server *server, struct error *err)
{
    struct error there_are;

    if (people_make_first(server, server->first_password, &there_are) || there_are.kind == ERROR_CONFLICT)
        return true;
    return error_set(err, there_are.kind, "first user: %s", there_are.text);
}

static bool start(struct server *server, struct error *err)
{
    OWN(end_people) struct people *people = calloc(1, sizeof(*people));
    uint64_t key;

    if (people == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory for people");
    (void)pthread_mutex_init(&people->lock, NULL);
    people->arena = arena_with(LIMIT_LOCKOUT_MEMORY);
    server_random(server, &key, sizeof(key));
    people->lockout = lockout_make(&people->arena, key);
    if (people->lockout == NULL)
        return arena_full(&people->arena, err);
    server->people = people_take(&people);
    server->guards.authenticate = people_identify;
    server->guards.permits = permits;
    return find_first(server, err);
}

static void stop(struct server *server)
{
    end_people(&server->people);
}

const struct server_part people_part = {.name = "people", .start = start, .stop = stop};

/* ---- the first user ---- */

static bool no_users_yet(struct server *server, struct arena *arena, struct error *err)
{
    OWN(readers_give) struct reader_lease lease = {0};
    struct fleet_users users;

    if (!readers_take(server, &lease, err) || !fleet_store_users(lease.store, arena, &users, err))
        return false;
    return users.count == 0 || error_set(err, ERROR_CONFLICT, "there are users already");
}

bool people_make_first(struct server *server, char once[PASSWORD_ONCE], struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_API_ANSWER);
    int64_t now_us = server_now_us(server);
    struct fleet_write write = {.kind = FLEET_WRITE_USER};
    uint8_t random[PASSWORD_ONCE_BYTES];
    char made[PASSWORD_ONCE];
    struct deed deed = {"user.new", TEXT(PEOPLE_FIRST_USER), TEXT("{\"roles\":\"all\",\"once\":true}")};

    if (!no_users_yet(server, &arena, err))
        return false;
    server_random(server, random, sizeof(random));
    password_once(random, made);
    write.user = (struct fleet_user){
        .name = TEXT(PEOPLE_FIRST_USER),
        .role = roles_names(ROLE_ALL, &arena),
        .must_change = true,
        .made_us = now_us,
        .changed_us = now_us,
    };
    if (!people_hash(server, text_of(made), &arena, &write.user.password, err) ||
        !deed_write_own(server, &write, &deed, err))
        return false;
    memcpy(once, made, sizeof(made));
    return true;
}
