#!/usr/bin/env python3
"""What croniter (PyPI) says of 500 cron expressions, each in one of ten zones, for a year. It writes
tests/it/golden/cron.txt, which `cargo test --test it -- calendar` holds our own times against:
pip install croniter==7.0.0 && python3 tests/foreign/cron.py"""
import datetime, hashlib, pathlib, random, zoneinfo

from croniter import croniter

GOLDEN = pathlib.Path(__file__).parents[1] / "it" / "golden" / "cron.txt"
CASES, MOST = 500, 400
# Years that are over: their rules change no more. Sao Paulo had its last summer time in 2018.
ZONES = [
    ("UTC", 2025), ("America/Sao_Paulo", 2018), ("America/Sao_Paulo", 2025), ("Europe/Berlin", 2025),
    ("America/New_York", 2025), ("Asia/Kolkata", 2025), ("Australia/Lord_Howe", 2025), ("Asia/Tokyo", 2025),
    ("America/St_Johns", 2025), ("Pacific/Auckland", 2025),
]
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
WEEKDAYS = "sun mon tue wed thu fri sat".split()
draw = random.Random(1)


def named(number, names, least):
    """A number, or its name, now and then in capitals."""
    name = names[number - least] if names and draw.random() < 0.4 else None
    return str(number) if name is None else draw.choice([name, name.upper(), name.capitalize()])


def part(least, most, names):
    kind = draw.choice(["number", "number", "range", "range step", "star step"])
    if kind == "star step":
        return f"*/{draw.randint(2, max(2, (most - least) // 2))}"
    if kind == "number":
        return named(draw.randint(least, most), names, least)
    first, last = sorted(draw.sample(range(least, most + 1), 2))
    step = f"/{draw.randint(2, max(2, (most - least) // 3))}" if kind == "range step" else ""
    return f"{named(first, names, least)}-{named(last, names, least)}{step}"


def field(least, most, star, names=()):
    if draw.random() < star:
        return "*"
    return ",".join(part(least, most, names) for _ in range(draw.choice([1, 1, 1, 2, 3])))


def expression():
    return " ".join([
        field(0, 59, 0.1), field(0, 23, 0.3), field(1, 31, 0.5), field(1, 12, 0.6, MONTHS), field(0, 6, 0.5, WEEKDAYS),
    ])


def start(zone, year):
    """A day and a half before one of the changes of the year's clocks, or its beginning."""
    first = datetime.datetime(year, 1, 1, tzinfo=datetime.timezone.utc)
    hours = [first + datetime.timedelta(hours=hour) for hour in range(365 * 24)]
    changes = [
        after for before, after in zip(hours, hours[1:])
        if before.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset()
    ]
    return draw.choice(changes) - datetime.timedelta(hours=36) if changes else first


def is_meant(at, zone, text):
    """Our rule where the clocks change, that of Debian's cron(8), which croniter keeps in most cases only: hours
    that begin with * follow the hands, so what is skipped does not come; others come once, the first time."""
    minute, hour = text.split()[:2]
    here = datetime.datetime.fromtimestamp(at, zone)
    if hour.startswith("*"):
        return croniter.match(f"{minute} {hour} * * *", here.replace(tzinfo=None))
    return here.fold == 0


def times(text, zone, begin):
    # crontab(5): a field that begins with * restricts nothing; croniter calls that the cron bug.
    walk = croniter(text, begin.astimezone(zone), ret_type=float, implement_cron_bug=True)
    end, found, others = begin.timestamp() + 365 * 86400, [], 0
    while len(found) < MOST and (at := walk.get_next(float)) < end:
        if is_meant(at, zone, text):
            found.append(str(int(at)))
        else:
            others += 1
    return found, others


lines, by_rule = [], 0
while len(lines) < CASES:
    text, (name, year) = expression(), draw.choice(ZONES)
    zone = zoneinfo.ZoneInfo(name)
    begin = start(zone, year)
    found, others = times(text, zone, begin)
    by_rule += others > 0
    digest = hashlib.sha256(" ".join(found).encode()).hexdigest()[:16]
    lines.append("\t".join([text, name, str(int(begin.timestamp())), str(len(found)), digest]))
GOLDEN.write_text("\n".join(lines) + "\n")
print(f"{CASES} expressions; in {by_rule} of them croniter has times of a changed clock that cron(8) has not")
