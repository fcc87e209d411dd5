#include "identify/feeds.h"

extern const struct feed feed_debian_tracker, feed_debian_list, feed_osv, feed_kev, feed_epss, feed_nvd,
    feed_cve5, feed_debian_support, feed_distro_info;

/* In the order of recognising: what is told by one member comes before what is told by several. */
const struct feed *const feeds[] = {
    &feed_kev,  &feed_nvd,         &feed_cve5,           &feed_osv,         &feed_debian_tracker,
    &feed_epss, &feed_debian_list, &feed_debian_support, &feed_distro_info, NULL,
};

const struct feed *feeds_find(struct text name)
{
    for (size_t i = 0; feeds[i] != NULL; i++)
        if (text_equal(name, text_of(feeds[i]->name)))
            return feeds[i];
    return NULL;
}

const struct feed *feeds_recognise(struct bytes start, struct text name)
{
    for (size_t i = 0; feeds[i] != NULL; i++)
        if (feeds[i]->recognise(start, name))
            return feeds[i];
    return NULL;
}
