/*
 * Every limit on what comes from outside, on one page, each with its reason.
 *
 * Rule: the largest real thing known, times a margin for growth, never "big enough". Sizes are in bytes.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

/* Texts. Debian's longest package name is 76 bytes, version 96, an OSV id 40; dpkg has no limits of its own. */
#define LIMIT_PACKAGE_NAME 256
#define LIMIT_VERSION      256
#define LIMIT_ARCH         32
#define LIMIT_ADVISORY_ID  64
#define LIMIT_RELEASE_NAME 64
#define LIMIT_PERSON       128  /* somebody's name, beside a key */
#define LIMIT_NOTE         1024 /* a tracker's remark on one CVE; longer ones are cut, not refused */
#define LIMIT_VECTOR       256  /* a CVSS 4.0 vector with every metric set is 194 bytes */
#define LIMIT_PATH         4095 /* Linux: PATH_MAX less the NUL */
#define LIMIT_URL          2048
#define LIMIT_LINE         65536 /* one line of a text file that people write */

/* JSON: the deepest real document (a CSAF product tree) has 14 levels. */
#define LIMIT_JSON_DEPTH  64
#define LIMIT_JSON_STRING MIB
#define LIMIT_JSON_MEMBERS 4000000 /* of one object; EPSS-like maps of every CVE have 300,000 */

/* Feeds, unpacked: Debian's tracker was 75 MB in 2026, the largest NVD year 160 MB, OSV's largest ecosystem 900 MB as a zip of small files. */
#define LIMIT_FEED_FILE       (512 * MIB)
#define LIMIT_FEED_DOWNLOAD   (1024 * MIB)
#define LIMIT_FEED_ARCHIVE    (4096 * MIB) /* all members of one, unpacked: all CVE records are 2 GB */
#define LIMIT_PARSE_TIME_MS   300000       /* one document; 4 GB take 20 s */
#define LIMIT_FEED_MEMORY     (1536 * MIB) /* arena of one feed's build: the document plus its nouns */
/* What one document said: the tracker's statements are 10 MB, those of OSV's largest ecosystem 100. */
#define LIMIT_STATEMENTS      (256 * MIB)
#define LIMIT_ARCHIVE_MEMBERS 1000000      /* OSV's whole database has 400,000 records */
#define LIMIT_ARCHIVE_MEMBER  (16 * MIB)
#define LIMIT_ADVISORY_CVES                                                                                  \
    65536 /* the Ubuntu kernel's largest notice names 700; all CVEs of a release's kernel are 12,000 */
#define LIMIT_ADVISORY_AFFECTED 65536 /* packages of one OSV record; a kernel record of Ubuntu names 900 */
#define LIMIT_FEED_DOCUMENTS    1024 /* of all feeds; the NVD has one for each year since 2002 */
#define LIMIT_KEV_ROWS          65536
#define LIMIT_EPSS_ROWS         4000000 /* 300,000 CVEs in 2026 */
#define LIMIT_EXPANSION         200     /* unpacked / packed bytes; real feeds reach 30, a bomb 1,000 */

/* dpkg and apt. A full desktop has 3,000 packages and a 6 MB status; bookworm main's Packages is 50 MB with 63,000 entries. */
#define LIMIT_DPKG_STATUS    (64 * MIB)
#define LIMIT_DPKG_LIST      (32 * MIB) /* the files of one package; the longest known names 40,000 in 4 MB */
#define LIMIT_DPKG_INFO      1000000      /* names in its folder info/; a full desktop has 15,000 */
#define LIMIT_PACKAGES_FILE  (512 * MIB)
#define LIMIT_PACKAGES_COUNT 1000000
#define LIMIT_PARAGRAPH                                                                                      \
    (4 * MIB) /* one paragraph of deb822; the longest real one is 90 KB (a Provides list) */
#define LIMIT_RELATIONS      16384     /* in one field; the longest real one (Provides of librust-*) has 1,500 */
#define LIMIT_RELATION_FIELD (MIB)     /* its text: 90 KB */
#define LIMIT_ALTERNATIVES   256       /* of one group; those beyond are not looked for. The longest real one has 60 */
#define LIMIT_UNIVERSE       200000    /* packages that a plan chooses among; an upgrade to the next release has 8,000 */
#define LIMIT_INRELEASE (16 * MIB) /* sid's is 200 KB */
#define LIMIT_KEYRING   (4 * MIB)
#define LIMIT_VENDOR_LIST (64 * MIB) /* a packed list; the largest that Debian has is 9 MB */
#define LIMIT_APT_FILE  MIB  /* one sources or preferences file */
#define LIMIT_APT_FILES 1024 /* files in one .d folder */
#define LIMIT_SOURCES   1024
#define LIMIT_PINS      4096
#define LIMIT_ARCHS     16 /* dpkg --add-architecture; people add one or two */

#define LIMIT_APT_SCOPES    32   /* braces in braces of apt.conf; apt's own files have 5 */
#define LIMIT_APT_INCLUDES  8    /* files that include each other */
#define LIMIT_APT_PATTERN   300  /* apt cuts a pin there */
#define LIMIT_DPKG_UPDATES  4096 /* files in dpkg's updates/; it merges them every 250 */

/* A .deb: 0ad-data unpacks to 3 GB, a kernel's debug symbols to 6; the largest control part, of a kernel, has 2 MB. */
#define LIMIT_DEB_FILE    ((size_t)8192 * MIB)
#define LIMIT_DEB_DATA    ((size_t)16384 * MIB)
#define LIMIT_DEB_CONTROL (32 * MIB)
#define LIMIT_DEB_MEMBERS 64 /* of its control part and of the ar around: 12 files at most in Debian 12, 3 members */
#define LIMIT_CONTROL_FIELDS 256 /* of one control file; the longest real ones have 40 */
/* A delta's view of one: the largest known package has 120,000 entries (10 MB of paths); a table of it takes 100 bytes for each. */
#define LIMIT_DEB_ENTRIES   1000000
#define LIMIT_DEB_OWNERS    256        /* of one package; real ones have three */
#define LIMIT_DEB_HEAD      (64 * KIB) /* of one entry, with all its records; a long name and a long link are 3 KB */
#define LIMIT_DEB_STRUCTURE (64 * MIB)
#define LIMIT_DEB_TABLES    (256 * MIB) /* of putting together: paths, entries, links' targets */
#define LIMIT_DEB_COLUMNS   (256 * MIB) /* while a column is made: a map of all paths */
#define LIMIT_RELEASE_FIELD 1024 /* Architectures, the longest that is kept, has 100 bytes */

/* Deltas. One image of a window: suffix arrays count in 31 bits; the largest single file of Debian 12 (a JVM's modules, a browser's library) has 200 MB. */
#define LIMIT_DELTA_IMAGE (1024 * MIB)
#define LIMIT_DELTA_FILE      (4096 * MIB)
#define LIMIT_DELTA_SPOOL     LIMIT_DEB_DATA /* all that is made, unpacked */
#define LIMIT_DELTA_SPARE     (64 * MIB) /* what a decoder takes beside the largest thing that it holds */
#define LIMIT_DELTA_TABLE     (32 * MIB) /* 20 bytes for each of 40,000 files that changed */
#define LIMIT_DELTA_MEMORY    (512 * MIB) /* of what is known of a base and a delta: 100 bytes for each part */
#define LIMIT_DELTA_PARTS     1000000    /* the largest known package has 40,000 files */
#define LIMIT_DELTA_WINDOWS   65536
#define LIMIT_DELTA_LABEL     256        /* a package's name or version */
#define LIMIT_DELTA_SETTINGS  (16 * MIB) /* of one opener, for one file: a jar of 20,000 entries has 200 KB */
#define LIMIT_DELTA_STRUCTURE (64 * MIB) /* names, modes and owners: 100 bytes for each file */
#define LIMIT_TREE_ENTRIES    1000000
#define LIMIT_DELTA_COPIES 1000000 /* of one piece, 24 bytes each in a decoder; a browser's library of 130 MB has 200,000 */
#define LIMIT_DELTA_TOLD   524288  /* addresses of one piece that were predicted wrong and are remembered: 16 MB */

/*
 * What is opened of a package's files: dictionaries of xz, whose encoder takes eleven times as much. The kernel of Debian 12 has 32 MiB
 * (350 MB while it is packed again), its modules 1; blocks with their sizes also need the block, three dictionaries, twice.
 */
#define LIMIT_OPENER_XZ_DICTIONARY       (32 * MIB)
#define LIMIT_OPENER_XZ_BLOCK_DICTIONARY (8 * MIB)

/* One file of the state folder: the largest is a document's statements or an index. */
#define LIMIT_STATE_FILE (256 * MIB)
#define LIMIT_MANIFEST   (4 * MIB) /* 1024 documents with long addresses */
/* A rollback store's: 3,000 packages of 60 bytes, 1,000 changed ones with their paragraphs of 2 KB, their conffiles. */
#define LIMIT_ROLLBACK_MANIFEST (64 * MIB)
#define LIMIT_WAYS_BACK 5 /* runs that can be taken back: a month of weekly ones and one more; each keeps 1 MB for a package */
#define LIMIT_SEEN       1000000 /* findings remembered; a neglected desktop has 5,000 */
/* Versions whose waiting time is counted: a desktop waits for 500 at a time, and they are kept for half a year. */
#define LIMIT_VERSIONS_SEEN 20000
#define LIMIT_VERSIONS_FILE (8 * MIB)
/* Approvals of one machine: what one person looks at in three months, and half a KB each. */
#define LIMIT_APPROVALS      2000
#define LIMIT_APPROVALS_FILE (2 * MIB)
#define LIMIT_JOURNAL_ROWS 10000000 /* forty for each run: two centuries of one a day have 3,000,000 */
#define LIMIT_JOURNAL_MEMORY (512 * MIB)
/* The order: a paragraph that one person writes; its reason is a sentence or two. */
#define LIMIT_ORDER_FILE (8 * KIB)
#define LIMIT_ORDER_TEXT 512
/* A signed order: one that blocks 60 versions of a browser has 5 KB. */
#define LIMIT_SIGNED_ORDER      (64 * KIB)
#define LIMIT_PUBLIC_FILE       (8 * KIB) /* one public key: RSA of 4,096 bits has 1 KB */
#define LIMIT_SIGNED_ORDER_LIST 256 /* versions, or files, that one order names */
/*
 * TUF metadata (specification 1.0.34, 5.3 to 5.6: no file is fetched without a cap). Sigstore's root has 6 KB and five keys, the
 * targets of PyPI's largest plan 16,384 delegations in 2 MB; 10,000 targets of ours have 1.5 MB.
 */
#define LIMIT_TUF_METADATA    (16 * MIB)
#define LIMIT_TUF_SIGNATURES  256    /* of one document: those of two roots' keys, old and new */
#define LIMIT_TUF_SIGNATURE   1024   /* bytes of one: RSA of 8,192 bits */
#define LIMIT_TUF_KEYS        20000  /* of one document: each of 16,384 delegations may have its own */
#define LIMIT_TUF_ROLE_KEYS   256    /* of one role, each held against each; an assembly of people has fewer */
#define LIMIT_TUF_KEY_ID      256    /* a SHA-512 has 128 digits */
#define LIMIT_TUF_PUBLIC      4096   /* its text: the PEM of RSA with 8,192 bits has 1,500 bytes */
#define LIMIT_TUF_WORD        256    /* a type, scheme, person, duty */
#define LIMIT_TUF_ROLE_NAME   80     /* percent-encoded, three for one, it is the name of a file: at most 255 */
#define LIMIT_TUF_DELEGATIONS 32768  /* of one document: twice PyPI's */
#define LIMIT_TUF_PATTERNS    65536  /* paths or hash prefixes of one delegation: 65,536 are all prefixes of four digits */
/* What the client asks for at most: a root with 40 keys has 20 KB, a snapshot of 16,384 roles with their hashes 2 MB. */
#define LIMIT_TUF_ROOT      (512 * KIB)
#define LIMIT_TUF_TIMESTAMP (16 * KIB)
#define LIMIT_TUF_SNAPSHOT  (4 * MIB)
#define LIMIT_TUF_TARGETS   LIMIT_TUF_METADATA
#define LIMIT_TUF_ROLES     64  /* asked for one path; our own tree has 11 */
#define LIMIT_TUF_ROOTS     256 /* passed in one refresh: five years of monthly ones, and the rest is passed in the next */
#define LIMIT_TUF_TIME_MS   (10 * 60 * 1000) /* for one file of metadata: 16 MB at 300 kbit/s */
#define LIMIT_TUF_STALL_MS  20000
#define LIMIT_TUF_MEMORY    (256 * MIB) /* of one refresh; more than ten roles as large as may be are refused */
/* What a machine remembers of its repository: fifteen roles, and orders that are ended and dropped by people. */
#define LIMIT_TRUST_RECORD (8 * MIB)
#define LIMIT_TRUST_ROLES  64
#define LIMIT_TRUST_ORDERS 1024
#define LIMIT_TRUST_TEXT   1024 /* why the last try failed */
/* Floors: one for each suite of each archive, and a few others; 200 bytes each. */
#define LIMIT_FLOORS      4096
#define LIMIT_FLOORS_FILE MIB
#define LIMIT_FLOOR_OF    4096 /* an address and a suite */
/* What is taken over from other updaters: a dozen links and files with the names that systemd and apt give. */
#define LIMIT_TAKEOVER_CHANGES 64
#define LIMIT_TAKEOVER_PATH    256
#define LIMIT_TAKEOVER_FILE    (64 * KIB)
#define LIMIT_TAKEOVER_CONTENT (64 * KIB) /* one file that is written or looked at */

/* Evidence: the record of a run that changes 1,000 packages and closes 5,000 holes has 1 MB. */
#define LIMIT_EVIDENCE_RECORD   (16 * MIB)
#define LIMIT_EVIDENCE_RECORDS  1000000 /* of one machine; four runs a day for ten years are 15,000 */
#define LIMIT_EVIDENCE_ROWS     100000  /* packages, holes, processes of one record, each */
#define LIMIT_EVIDENCE_SENTENCE 2048    /* one reason, path or command */
#define LIMIT_EVIDENCE_MEMORY   (64 * MIB)
#define LIMIT_RESTART_TIME_MS   600000 /* of all services: systemd stops one by force after 90 s, and starts some at once */
#define LIMIT_EVIDENCE_PROBLEMS 64 /* of a chain that are told; one is enough to believe none */

/* The fleet's index in memory. Numbers of hosts are dense; beyond a million a fleet is split over several servers. */
#define LIMIT_FLEET_HOSTS        4000000
#define LIMIT_FLEET_RELEASES     256           /* that hosts name: a large fleet has twenty; what agents invent beyond is "unknown" */
#define LIMIT_FLEET_CHUNKS       100000000     /* of all kinds: a million developers' machines have 20,000,000 */
#define LIMIT_FLEET_CHUNK_MEMORY (16 * MIB)    /* of work on one bucket: 4,096 entries, what 2,000 holes of a kernel take */
#define LIMIT_FLEET_NAMES        (256 * MIB)   /* names of fixes, of all generations: 100 bytes for each of 300,000 */
#define LIMIT_READERS            32            /* handles of the database that read at a time; a thread of a listener has one at most */
#define LIMIT_COMMIT_QUEUE       65536         /* writes that wait for the database: some seconds of everything a server can take */
#define LIMIT_SENT_CHUNKS        1000000       /* that hosts sent and have not committed yet: 4,000 whole inventories, 36 MB */
#define LIMIT_FLEET_INDEX_WORK   (1024 * MIB)  /* of one re-evaluation of a million hosts, or one question about them */

/* The compiled index: Ubuntu's largest release is 0.5 MB; a count in its header is checked against the file first. */
#define LIMIT_INDEX_FILE    (256 * MIB)
#define LIMIT_INDEX_RECORDS 4000000

/* YAML: policies, profiles and tables. People write them; a long one has 10 KB, the deepest 6 levels. */
#define LIMIT_YAML_FILE   (256 * KIB)
#define LIMIT_YAML_DEPTH  16
#define LIMIT_YAML_MEMORY MIB /* one piece that the mapping takes */
#define LIMIT_YAML_TEXT   512 /* one value: a reason, a source */
#define LIMIT_YAML_LIST   256 /* entries: classes, exceptions, rules, globs */

/* Zone files: the largest real one has 4 KB, the longest footer 44 bytes. */
#define LIMIT_ZONE_FILE   (64 * KIB)
#define LIMIT_ZONE_FOOTER 128

/* Children: gpgv answers in 0.1 s and writes 2 KB for each signature. */
#define LIMIT_CHILD_OUTPUT MIB
#define LIMIT_GPGV_TIME_MS 20000
#define LIMIT_GPGV_MEMORY  (512 * MIB) /* of addresses, libraries included; it takes 20 */
#define LIMIT_SYSTEMCTL_TIME_MS 100000 /* systemd itself gives a unit 90 s to stop */

/* Changing packages. A release upgrade of a full desktop changes 4,000; each is named in 150 bytes of a message. */
#define LIMIT_RUN_PACKAGES    16384
#define LIMIT_EXECUTE_MESSAGE (8 * MIB)
#define LIMIT_EXECUTE_OUTPUT  (4 * MIB)  /* of a list or a simulation: 4,000 packages of 150 bytes in three lines each */
#define LIMIT_REHEARSAL_MS    (60 * 60 * 1000) /* a release's kernel and its modules take 5 minutes */
#define LIMIT_DPKG_TAIL       (64 * KIB) /* the end of what dpkg wrote, where it says what failed */
#define LIMIT_CONFFILES_KEPT  1024         /* reported of one call */

/* The agent's outbox, what waits for the server: a run with its evidence is 100 KB in 40 events; a year of them without a server. */
#define LIMIT_OUTBOX        (64 * MIB)
#define LIMIT_OUTBOX_EVENTS 100000

/* Network: a slow line still gets 1 GB in half an hour at 5 Mbit/s; a peer that sends nothing for a minute is gone. */
#define LIMIT_FETCH_TIME_MS   (30 * 60 * 1000)
#define LIMIT_FETCH_SIZE      (8192 * MIB) /* one document or package */
#define LIMIT_FETCH_STALL_MS  60000
#define LIMIT_CONNECT_TIME_MS 20000
#define LIMIT_FETCH_RATE_MIN  1000 /* bytes a second over a stall's span: a modem is faster, a drip is not */
#define LIMIT_FETCH_TRIES     20 /* of one run, each behind one that broke off; the next run goes on */
#define LIMIT_REDIRECTS       5
#define LIMIT_HTTP_FIELD      512 /* an ETag or a date; real ones stay under 100 */
#define LIMIT_LINK_TIME_MS    60000 /* one call of the agent: 2 MB at 300 kbit/s */

/* Packages that are kept: a year of updates of a desktop is 3 GB in 2,000 files. */
/* New powers: a kernel brings ten; a package of a thousand is a mistake or an attack, and is refused. */
#define LIMIT_POWERS        4096
#define LIMIT_POWERS_MEMORY (256 * MIB) /* of one package: its scripts, and what is compared */
#define LIMIT_POWERS_FILE   (256 * KIB) /* that is compared and shown; a unit has 1 KB, the largest script of Debian 90 */
#define LIMIT_POWERS_SHOWN  (16 * KIB)  /* of one comparison */
#define LIMIT_DIFF_MEMORY   (64 * MIB)  /* lines of two texts and what they have in common */
#define LIMIT_PROVE_MESSAGE (32 * MIB) /* of suture-prove: 1 KB for each package and list */
#define LIMIT_PROVE_TIME_MS (10 * 60 * 1000) /* 1,000 packages are read in some seconds; a board with an SD card needs a hundredfold */
#define LIMIT_CACHE_FILES 65536
#define LIMIT_CACHE_SIZE  (2048 * MIB)

/* Deltas: an index has 500 bytes for each base; a package that changes every week has 50 versions a year that machines may have. */
#define LIMIT_DELTA_INDEX    MIB
#define LIMIT_SUPPLEMENT     (256 * MIB) /* held in memory; a few packages have more documents (vtk9-doc: 2.2 GB), and are nothing but these */
#define LIMIT_REBUILD_MESSAGE (64 * KIB)             /* a view: names, sizes, one sentence */
#define LIMIT_REBUILD_TIME_MS (12 * 60 * 60 * 1000)  /* in time that nobody else wants: a kernel's debug symbols take an hour */
#define LIMIT_REBUILD_SPARE   (256 * MIB)            /* libraries, dpkg's status, and what a growing buffer asks for too much */
#define LIMIT_THREADS         256
#define LIMIT_THREAD_STACK    (9 * MIB) /* what glibc maps for one, and what belongs to it */
#define LIMIT_DELTA_VERSIONS 64  /* of one package, to which deltas lead */
#define LIMIT_DELTA_BASES    256 /* of one version */
#define LIMIT_DELTA_FILES    1000000 /* in one folder of a repository: a package each, or a 256th of all deltas */
#define LIMIT_DELTA_TRIED    (256 * MIB) /* 140 bytes for each pair that is not worth a delta */
#define LIMIT_DELTA_CACHE_SIZE (512 * MIB) /* deltas that wait to be used: those of a whole desktop have 100 MB */

/* Our own repository of metadata. What is written is read again, by the limits of reading. */
#define LIMIT_TUF_WRITTEN   (16 * MIB)
#define LIMIT_REPO_SETTINGS (16 * KIB)
#define LIMIT_REPO_SIGNATURES (256 * KIB) /* of one role, a line of 500 bytes each */
#define LIMIT_REPO_ROOTS    4096 /* one a month for three centuries */
#define LIMIT_REPO_MEMORY   (512 * MIB) /* all roles, read, written and read again */
#define LIMIT_SIGNING_MEMORY (512 * MIB) /* a document, read, written again and read */
#define LIMIT_SIGNING_SHOWN (16 * MIB) /* what a person is shown; nobody reads a hundredth */
#define LIMIT_REPO_FILES    1000000 /* names in one of its folders */
#define LIMIT_REPO_DEPTH    16 /* of folders in a target's path */
#define LIMIT_TUF_TARGET_PATH 1024 /* of ours; a pool of packages has 120 */

/* What is only counted: a machine of a developer has 30 such folders with 3,000 names. */
#define LIMIT_UNSEEN_FOLDERS 4096
#define LIMIT_UNSEEN_NAMES   65536 /* in one of them */
#define LIMIT_UNSEEN_MEMORY  (32 * MIB)

/* Other updaters: a target of systemd wants 50 units, apt's configuration has 20 KB. */
#define LIMIT_UNITS           4096
#define LIMIT_UPDATERS_MEMORY (32 * MIB)

/* The kernel's power supplies: a laptop has five, an attribute has 20 bytes; some drivers list 30 with their ports. */
#define LIMIT_POWER_SUPPLIES 256
#define LIMIT_POWER_FILE     4096
#define LIMIT_POWER_MEMORY   (8 * MIB)

/* One plan: an upgrade of a full desktop has 3,000 changes of 1 KB each. */
#define LIMIT_LOOK_MESSAGE (256 * MIB) /* a plan, and evidence that may be as large as sealed records may */
#define LIMIT_PLAN_FILE    (64 * MIB)
#define LIMIT_PLAN_MEMORY  (256 * MIB) /* tables of verified lists, in an answer: those of Debian's main are 40 MB */
#define LIMIT_PLAN_CHANGES 65536
#define LIMIT_PLAN_BYTES   UINT64_C(68719476736) /* of one package file: 64 GB; the largest real one has 1.5 */
#define LIMIT_PLAN_QUESTION (32 * MIB)            /* a name for each change */
#define LIMIT_PLAN_TIME_MS 300000                /* a first plan of a full desktop takes 2 s */

/* Deltas. References of one ELF file: a browser's library of 130 MB has four million, five bytes each; more are not looked for. */
#define LIMIT_ELF_FIELDS 8000000
#define LIMIT_ELF_FRAMES (32 * MIB) /* .eh_frame, held back while its index is made; a browser's has 12 MB */

/* One scan: 3,000 packages and 100,000 findings take under 40 MB; more is a mistake or an attack. */
#define LIMIT_SCAN_MEMORY (512 * MIB)
#define LIMIT_SCAN_OUTPUT (256 * MIB) /* JSON of 100,000 findings has 120 MB */
#define LIMIT_SCAN_EXPLAINED (64 * KIB) /* the reasons of one decision: some lines for each profile */
#define LIMIT_PROCESSES   65536
#define LIMIT_MAPS_FILE   (16 * MIB) /* /proc/PID/maps of a browser has 300 KB */
#define LIMIT_MAPPINGS    65536      /* executable ones; the kernel allows 65530 mappings of all kinds */

/* The fleet's database (store/fleet.h). */
#define LIMIT_FLEET_SQL     (64 * KIB)  /* one statement; the schema's longest step has 6 KB */
#define LIMIT_FLEET_WHERE   4096        /* a connection string with some hosts */
#define LIMIT_FLEET_TEXT    256         /* names of hosts, people, deeds; the longest of a distribution are under 100 */
#define LIMIT_FLEET_ABOUT   (64 * KIB)  /* JSON about one fix or one deed; a kernel's fix names 700 CVEs */
#define LIMIT_FLEET_CHUNK   (256 * KIB) /* one bucket of packages: 12 on most machines, 100 bytes each */
#define LIMIT_FLEET_EVENT   MIB         /* sealed evidence of a run of 3,000 changes has 400 KB */
#define LIMIT_FLEET_EVENTS  1024        /* of one outbox message: it is limited to fewer */
#define LIMIT_FLEET_EPOCHS  64          /* outboxes of one host: each is a machine set up anew */
#define LIMIT_FLEET_PLAN    (256 * KIB)
#define LIMIT_FLEET_PLANS   100         /* that are kept: agents ask for the newest */
#define LIMIT_FLEET_FINDINGS 65536      /* of one host that changed at once: a machine with everything has 5,000 */
#define LIMIT_FLEET_FIX_CHUNKS 65536    /* that one fix touches, a megabyte: a bucket has at most some thousand variants */
#define LIMIT_FLEET_BATCH   8192        /* writes of one commit: what 10,000 requests a second bring while one is synced */
#define LIMIT_FLEET_USERS   10000       /* people who may log in */
#define LIMIT_FLEET_PAGE    1000        /* rows of one answer to a person */
#define LIMIT_FLEET_LEAP    100000000   /* how far a restored server believes agents that its numbers had come: three years of one a second */
#define LIMIT_FLEET_TRIES   8           /* of one batch, against other writers and connections that break */
#define LIMIT_FLEET_MEMORY  (512 * MIB) /* of one batch: its rows, twice */

/* People of a fleet and what they ask of its server. */
#define LIMIT_API_ANSWER     (32 * MIB) /* a page of 1,000 events of 16 KB, or 5,000 findings of one machine */
#define LIMIT_LOGINS         4          /* at a time: 32 MiB and a tenth of a second each; who guesses gets no more of the machine */
#define LIMIT_LOCKOUT_MEMORY (2 * MIB)  /* three tables of 4,096 rows */
#define LIMIT_READERS        32         /* handles of the database that read at a time; a thread of a listener has one at most */

#endif
