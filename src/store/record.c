#include "store/record.h"

#include "base/limits.h"
#include "base/own.h"
#include "base/reader.h"
#include "base/writer.h"

bool record_write(const char *path, struct bytes bytes, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_STATE_FILE);
    struct bytes raw;

    writer_string(&w, "SUTRECRD");
    writer_u64(&w, bytes.size);
    writer_put(&w, bytes);
    return writer_done(&w, &raw, err) && file_replace_cache(path, raw, 0600, err);
}

bool record_open(const char *path, struct record *out, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};

    if (!file_map(path, LIMIT_STATE_FILE, &map, err))
        return false;
    struct reader r = reader_with(map.bytes);
    struct bytes magic = reader_take(&r, 8);
    uint64_t size = reader_u64(&r);
    if (!reader_ok(&r) || memcmp(magic.at, "SUTRECRD", 8) != 0 || size != reader_left(&r))
        return error_set(err, ERROR_INPUT, "%s: is no whole record of a scan", path);
    *out = (struct record){map, reader_take(&r, (size_t)size)};
    map = (struct file_map){0};
    return true;
}

void record_close(struct record *record)
{
    file_unmap(&record->map);
    *record = (struct record){0};
}
