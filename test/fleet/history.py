"""The history of a fleet, held against the database afterwards: nothing lost, nothing twice, nothing goes back.

    history = History()
    history.sent(agent, number)            before an event is sent
    history.acknowledged(agent, ack)       when the server has said so
    history.saw("plan generation", n)      a number that must never be smaller than before
    history.check("DATA/store.db")         raises with every difference

It reads the SQLite file by itself: what the server says of its own database is not the witness."""
import hashlib
import sqlite3
import struct


def digest_of(kind, made, body):
    return hashlib.sha256(struct.pack("<Bq", kind, made) + body).digest()


class History:
    def __init__(self):
        self.events, self.acks, self.highest, self.problems = {}, {}, {}, []

    def sent(self, agent, number):
        """Of a clone's two machines both bodies may be stored; which is first wins."""
        kind, made, body = agent.events[number - 1]
        self.events.setdefault((agent.host, agent.epoch, number), set()).add((kind, made, body))

    def acknowledged(self, agent, ack):
        key = (agent.host, agent.epoch)
        self.acks[key] = max(self.acks.get(key, 0), ack)

    def saw(self, name, value):
        if value < self.highest.get(name, value):
            self.problems.append(f"{name} went back from {self.highest[name]} to {value}")
        self.highest[name] = max(value, self.highest.get(name, value))

    def stored(self, path):
        """{(host, epoch, number): [(kind, made, body), ...]}"""
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            hosts = dict(database.execute("SELECT hid, id FROM host"))
            months = [name for name, in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'event_[0-9]*'")]
            found = {}
            for month in months:
                for hid, epoch, number, kind, made, body in database.execute(f"SELECT hid, epoch, seq, kind, at_us, body FROM {month}"):
                    key = (bytes(hosts.get(hid, b"?")), epoch & (1 << 64) - 1, number)
                    found.setdefault(key, []).append((kind, made, bytes(body)))
            return found
        finally:
            database.close()

    def check(self, path):
        found, problems = self.stored(path), list(self.problems)
        for (host, epoch), ack in self.acks.items():
            for number in range(1, ack + 1):
                rows = found.get((host, epoch, number), [])
                if len(rows) != 1:
                    problems.append(f"event {number} of {host.hex()[:8]} was acknowledged and is there {len(rows)} times")
                elif rows[0] not in self.events[(host, epoch, number)]:
                    problems.append(f"event {number} of {host.hex()[:8]} is another than what was sent")
        for key, rows in found.items():
            if len(rows) > 1:
                problems.append(f"event {key[2]} of {key[0].hex()[:8]} is there {len(rows)} times")
            if key not in self.events:
                problems.append(f"event {key[2]} of {key[0].hex()[:8]} was never sent")
        if problems:
            raise AssertionError(f"{len(problems)} differences:\n" + "\n".join(problems[:30]))
        return len(found)
