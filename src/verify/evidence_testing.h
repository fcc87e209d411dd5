/*
 * Evidence for tests: two packages, three holes, two checks, one old process. Only tests include this.
 */
#ifndef VERIFY_EVIDENCE_TESTING_H
#define VERIFY_EVIDENCE_TESTING_H

#include "base/testing.h"
#include "model/evidence.h"

#define TESTING_TIME INT64_C(1795248000000000) /* 2026-11-21T08:00:00Z */

struct evidence_sample {
    struct evidence_package packages[2];
    struct evidence_data data[2];
    struct evidence_hole holes[3];
    struct evidence_check checks[2];
    struct evidence_process processes[2];
    struct evidence evidence;
};

static inline void evidence_sample_fill(struct evidence_sample *s)
{
    *s = (struct evidence_sample){
        .packages =
            {
                {TEXT("libexpat1"), TEXT("amd64"), TEXT("expat"), TEXT("2.5.0-1"), TEXT("2.5.0-1+deb12u2"),
                 TEXT("2.5.0-1+deb12u2"), PACKAGE_INSTALLED, false},
                {TEXT("openssh-server"), TEXT("amd64"), TEXT("openssh"), TEXT("1:9.2p1-2+deb12u2"),
                 TEXT("1:9.2p1-2+deb12u3"), TEXT("1:9.2p1-2+deb12u3"), PACKAGE_INSTALLED, false},
            },
        .data =
            {
                {TEXT("apt:bookworm-security"), TESTING_TIME - 2 * TIME_HOUR_US, TESTING_TIME - TIME_HOUR_US},
                {TEXT("debian-tracker"), TESTING_TIME - TIME_HOUR_US, TESTING_TIME - TIME_HOUR_US},
            },
        .holes =
            {
                {TEXT("CVE-2024-45490"), TEXT("expat"), false},
                {TEXT("CVE-2024-45491"), TEXT("expat"), false},
                {TEXT("CVE-2024-6387"), TEXT("openssh"), false},
            },
        .checks =
            {
                {{CHECK_UNIT, TEXT("ssh"), 0, 5000}, {CHECK_PASSED, {0}}, {CHECK_PASSED, {0}}},
                {{CHECK_TCP, TEXT("127.0.0.1:25"), 0, 5000},
                 {CHECK_FAILED, TEXT("connection refused")},
                 {CHECK_FAILED, TEXT("connection refused")}},
            },
        .processes =
            {
                {812, TEXT("sshd"), TEXT("ssh"), TEXT("/usr/sbin/sshd"), TEXT("openssh-server"), false,
                 TEXT("restart ssh")},
                {913,
                 TEXT("python3"),
                 {0},
                 TEXT("/usr/lib/python3/dist-packages/x.py"),
                 TEXT("libexpat1"),
                 true,
                 TEXT("restart it")},
            },
        .evidence =
            {
                .kind = EVIDENCE_APPLY,
                .run = "20261121T074500Z-9f3a61c2",
                .plan = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                .outcome = RUN_DONE,
                .begun_us = TESTING_TIME - 15 * TIME_MINUTE_US,
                .made_us = TESTING_TIME,
                .host = TEXT("web-03"),
                .release = TEXT("debian-12"),
                .policy = TEXT("built-in v1"),
                .tool = TEXT("suture 0.1.0"),
                .package_count = 2,
                .scanned = true,
                .data_count = 2,
                .hole_count = 3,
                .check_count = 2,
                .looked = true,
                .process_total = 212,
                .kernel_running = TEXT("6.1.0-18-amd64"),
                .kernel_installed = TEXT("6.1.0-18-amd64"),
            },
    };
    s->evidence.packages = s->packages;
    s->evidence.data = s->data;
    s->evidence.holes = s->holes;
    s->evidence.checks = s->checks;
    s->evidence.processes = s->processes;
}

#endif
