"""What updates do to a machine, one made thing each: the packages before, the packages after, what the owner changed.

    for scenario in SCENARIOS:
        shop = scenario.prepare(machine)      # the old packages are installed, the new ones offered, advised and late
        ...
        shop.end()

`ends` says what `suture apply` must come to: "new" (exactly what apt and dpkg make of it) or "old" (a failure that is
taken back). Tests of apply, of rollback and of interruptions go through the same table."""
from made_debs import Link, MadeArchive, Package, script

LOG = 'mkdir -p /var/lib/oak\necho "$0 $*" | sed "s,.*/,," >>/var/lib/oak/log\n'


OLD_ONES = ("prerm", "postrm")     # of an upgrade, the scripts of the package that is replaced run


class Scenario:
    def __init__(self, name, old, new, owner=(), ends="new", kept=()):
        self.name, self.old, self.new, self.owner, self.ends, self.kept = name, old, new, owner, ends, list(kept)

    def prepare(self, machine, stop=None, where="postinst"):
        """`stop`: shell text put before that script of the new packages (of the old ones where theirs run)."""
        shop = MadeArchive(machine)
        try:
            shop.install(*(package.with_script(where, stop + package.scripts.get(where, "")) if stop and where in OLD_ONES else package
                           for package in self.old))
            for words in self.owner:
                machine.run(["sh", "-ec", words], check=True)
            for package in self.new:
                if stop and where not in OLD_ONES:
                    package = package.with_script(where, stop + package.scripts.get(where, ""))
                shop.offer(package)
            shop.publish()
            machine.advise()
        except BaseException:
            shop.end()
            raise
        return shop


def oak(version, files=None, **more):
    base = {"/usr/bin/oak": script(f"echo oak {version}"), "/usr/share/doc/oak/changelog": f"oak {version}\n"}
    base.update(files or {})
    return Package("oak", version, files={path: content for path, content in base.items() if content is not None}, **more)


def tree(name, version, **more):
    return Package(name, version, files={f"/usr/share/{name}/version": version + "\n", **more.pop("files", {})}, **more)


CONF = "/etc/oak.conf"
ALL_SCRIPTS = {name: LOG for name in ("preinst", "postinst", "prerm", "postrm")}

SCENARIOS = [
    Scenario("plain", [oak("1.0")], [oak("1.1")]),
    Scenario("files come and go", [oak("1.0", {"/usr/share/oak/gone": "x\n", "/usr/share/oak/both": "1\n"})],
             [oak("1.1", {"/usr/share/oak/come/deep/file": "y\n", "/usr/share/oak/both": "2\n"})]),
    Scenario("all scripts run", [oak("1.0", scripts=ALL_SCRIPTS)], [oak("1.1", scripts=ALL_SCRIPTS)]),
    Scenario("odd names", [oak("1.0", {"/usr/share/oak/a b": "1", "/usr/share/oak/ä\\n": "1"})],
             [oak("1.1", {"/usr/share/oak/a b": "2", "/usr/share/oak/ä\\n": "2"})]),
    Scenario("links and kinds", [oak("1.0", {"/usr/share/oak/one": "x\n", "/usr/share/oak/two": Link("one"), "/usr/bin/acorn": Link("oak")})],
             [oak("1.1", {"/usr/share/oak/one": Link("two"), "/usr/share/oak/two": "x\n", "/usr/bin/acorn": Link("/usr/bin/oak")})]),
    Scenario("setuid and owner", [oak("1.0", {"/usr/bin/root-oak": ("#!/bin/true\n", 0o4755)}, owners={"/usr/bin/root-oak": (0, 0)})],
             [oak("1.1", {"/usr/bin/root-oak": ("#!/bin/false\n", 0o2751)}, owners={"/usr/bin/root-oak": (0, 42)})]),
    Scenario("conffile of the vendor", [oak("1.0", {CONF: "a=1\n"}, conffiles=[CONF])], [oak("1.1", {CONF: "a=2\n"}, conffiles=[CONF])]),
    Scenario("conffile changed by both", [oak("1.0", {CONF: "a=1\n"}, conffiles=[CONF])], [oak("1.1", {CONF: "a=2\n"}, conffiles=[CONF])],
             owner=[f"echo mine=1 >{CONF}; chmod 600 {CONF}"], kept=[CONF]),
    Scenario("conffile changed by the owner", [oak("1.0", {CONF: "a=1\n"}, conffiles=[CONF])],
             [oak("1.1", {CONF: "a=1\n"}, conffiles=[CONF])], owner=[f"echo mine=1 >{CONF}"]),
    Scenario("conffile removed by the owner", [oak("1.0", {CONF: "a=1\n"}, conffiles=[CONF])],
             [oak("1.1", {CONF: "a=2\n"}, conffiles=[CONF])], owner=[f"rm {CONF}"], kept=[CONF]),
    Scenario("conffile new", [oak("1.0")], [oak("1.1", {CONF: "a=2\n"}, conffiles=[CONF])]),
    Scenario("conffile obsolete", [oak("1.0", {CONF: "a=1\n"}, conffiles=[CONF])], [oak("1.1")], owner=[f"echo mine=1 >{CONF}"]),
    Scenario("diverted by the owner", [oak("1.0")], [oak("1.1")],
             owner=["dpkg-divert --local --divert /usr/bin/oak.real --rename /usr/bin/oak; echo mine >/usr/bin/oak"]),
    Scenario("stat override", [oak("1.0")], [oak("1.1")], owner=["dpkg-statoverride --update --add root mail 0710 /usr/bin/oak"]),
    Scenario("triggers", [oak("1.0", {"/usr/share/oak/hook": "1"}),
                          tree("birch", "1.0", triggers="interest-noawait /usr/share/oak\n", scripts={"postinst": LOG})],
             [oak("1.1", {"/usr/share/oak/hook": "2"})]),
    Scenario("triggers that are awaited", [oak("1.0", {"/usr/share/oak/hook": "1"}),
                                           tree("birch", "1.0", triggers="interest-await /usr/share/oak\n", scripts={"postinst": LOG})],
             [oak("1.1", {"/usr/share/oak/hook": "2"})]),
    Scenario("alternatives", [oak("1.0", scripts={"postinst": "update-alternatives --install /usr/bin/tree tree /usr/bin/oak 10"})],
             [oak("1.1", {"/usr/bin/oak2": script("echo 2")},
                  scripts={"postinst": "update-alternatives --install /usr/bin/tree tree /usr/bin/oak 10"})]),
    Scenario("new dependency", [oak("1.0")], [oak("1.1", fields={"Depends": "elm (>= 1)"}), tree("elm", "1.0")]),
    Scenario("versions in step", [oak("1.0", fields={"Depends": "oak-data (= 1.0)"}), tree("oak-data", "1.0")],
             [oak("1.1", fields={"Depends": "oak-data (= 1.1)"}), tree("oak-data", "1.1", source="oak")]),
    Scenario("a file moves to another package",
             [oak("1.0", {"/usr/bin/leaf": script("echo 1")}), tree("oak-tools", "1.0")],
             [oak("1.1"), tree("oak-tools", "1.1", files={"/usr/bin/leaf": script("echo 2")},
                               fields={"Breaks": "oak (<< 1.1)", "Replaces": "oak (<< 1.1)"})]),
    Scenario("many at once", [tree(f"tree{n}", "1.0") for n in range(20)], [tree(f"tree{n}", "1.1") for n in range(20)]),
    Scenario("automatic stays automatic", [oak("1.0", fields={"Depends": "elm"}), tree("elm", "1.0")], [tree("elm", "1.1")],
             owner=["apt-mark auto elm"]),
    Scenario("postinst fails", [oak("1.0")], [oak("1.1", scripts={"postinst": "echo cannot >&2; exit 3"})], ends="old"),
    Scenario("preinst fails", [oak("1.0")], [oak("1.1", scripts={"preinst": "echo cannot >&2; exit 3"})], ends="old"),
    Scenario("old and new prerm fail", [oak("1.0", scripts={"prerm": '[ "$1" != upgrade ]'})],
             [oak("1.1", scripts={"prerm": '[ "$1" != failed-upgrade ]'})], ends="old"),
    Scenario("the second of two fails", [tree("ash", "1.0"), oak("1.0")],
             [tree("ash", "1.1"), oak("1.1", scripts={"postinst": "exit 1"}, fields={"Depends": "ash (>= 1.1)"})], ends="old"),
    Scenario("fails with a new dependency", [oak("1.0", {CONF: "a=1\n"}, conffiles=[CONF])],
             [oak("1.1", {CONF: "a=2\n"}, conffiles=[CONF], fields={"Depends": "elm"}, scripts={"postinst": "exit 1"}), tree("elm", "1.0")],
             owner=[f"echo mine=1 >{CONF}"], ends="old"),
    Scenario("two packages with one file", [oak("1.0"), tree("elm", "1.0", files={"/usr/bin/leaf": "1"})],
             [oak("1.1", {"/usr/bin/leaf": "2"})], ends="old"),
]
