//! One field of a cron expression, as crontab(5) has it: `*`, numbers, names, ranges, steps, and lists of these.

/// The numbers that a field may have, and their names.
#[derive(Debug)]
pub(super) struct FieldRange {
    /// What errors say that a number of it is.
    pub what: &'static str,
    pub least: u8,
    pub most: u8,
    /// Names of the numbers from `least` on, three letters each, in English and Portuguese.
    pub names: &'static [[&'static str; 2]],
}

pub(super) const MINUTE: FieldRange = FieldRange {
    what: "a minute from 0 to 59",
    least: 0,
    most: 59,
    names: &[],
};
pub(super) const HOUR: FieldRange = FieldRange {
    what: "an hour from 0 to 23",
    least: 0,
    most: 23,
    names: &[],
};
pub(super) const DAY: FieldRange = FieldRange {
    what: "a day of the month from 1 to 31",
    least: 1,
    most: 31,
    names: &[],
};
pub(super) const MONTH: FieldRange = FieldRange {
    what: "a month from 1 to 12, or its first three letters",
    least: 1,
    most: 12,
    names: &[
        ["jan", "jan"],
        ["feb", "fev"],
        ["mar", "mar"],
        ["apr", "abr"],
        ["may", "mai"],
        ["jun", "jun"],
        ["jul", "jul"],
        ["aug", "ago"],
        ["sep", "set"],
        ["oct", "out"],
        ["nov", "nov"],
        ["dec", "dez"],
    ],
};
/// Sunday is 0, and 7 as well.
pub(super) const WEEKDAY: FieldRange = FieldRange {
    what: "a day of the week from 0 to 7, or its first three letters",
    least: 0,
    most: 7,
    names: &super::hours::WEEKDAYS,
};

/// Which numbers a field means, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    bits: u64,
    /// Whether it begins with `*`, which matters where two fields restrict the day.
    pub is_star: bool,
}

impl Field {
    /// Reads a field; the error says what is wrong with it.
    pub(super) fn parse(text: &str, range: &FieldRange) -> Result<Self, String> {
        let mut bits = 0;
        for part in text.split(',') {
            bits |= part_bits(part, range)?;
        }
        Ok(Self {
            bits,
            is_star: text.starts_with('*'),
        })
    }

    pub(super) fn has(self, number: u8) -> bool {
        number < 64 && self.bits & (1 << number) != 0
    }

    /// The numbers, in order.
    pub(super) fn numbers(self) -> impl Iterator<Item = u8> {
        (0..64).filter(move |number| self.has(*number))
    }

    /// The same with Sunday as 0 only.
    pub(super) fn with_one_sunday(mut self) -> Self {
        if self.has(7) {
            self.bits = (self.bits | 1) & !(1 << 7);
        }
        self
    }
}

fn part_bits(part: &str, range: &FieldRange) -> Result<u64, String> {
    let (span, step) = match part.split_once('/') {
        Some((span, step)) => (span, Some(step)),
        None => (part, None),
    };
    let (from, to) = match span.split_once('-') {
        _ if span == "*" => (range.least, range.most),
        Some((from, to)) => (number(from, range)?, number(to, range)?),
        // `5/15` is from 5 on.
        None if step.is_some() => (number(span, range)?, range.most),
        None => (number(span, range)?, number(span, range)?),
    };
    if from > to {
        return Err(format!(
            "{part:?} runs backwards; a range begins with the smaller number"
        ));
    }
    let step = step.map_or(Ok(1), |step| step_of(step, range))?;
    let numbers = (from..=to).step_by(usize::from(step));
    Ok(numbers.fold(0, |bits, number| bits | 1 << number))
}

fn step_of(text: &str, range: &FieldRange) -> Result<u8, String> {
    let step = text
        .parse()
        .ok()
        .filter(|step| (1..=range.most).contains(step));
    step.ok_or_else(|| {
        format!(
            "the step {text:?} must be a number from 1 to {}",
            range.most
        )
    })
}

fn number(text: &str, range: &FieldRange) -> Result<u8, String> {
    let name = super::hours::plain_name(text);
    let is_named = |names: &&[&str; 2]| names.contains(&name.as_str());
    let mut names = range.names.iter().zip(range.least..);
    let by_name = names.find_map(|(names, number)| is_named(&names).then_some(number));
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = by_name.or_else(|| text.parse().ok().filter(|_| is_digits));
    let number = number.filter(|number| (range.least..=range.most).contains(number));
    number.ok_or_else(|| format!("{text:?} does not fit here; expected {}", range.what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str, range: &FieldRange) -> Vec<u8> {
        Field::parse(text, range).expect(text).numbers().collect()
    }

    #[test]
    fn lists_ranges_steps_and_names() {
        assert_eq!(numbers("5", &MINUTE), [5]);
        assert_eq!(numbers("1-3,7", &HOUR), [1, 2, 3, 7]);
        assert_eq!(numbers("*/20", &MINUTE), [0, 20, 40]);
        assert_eq!(numbers("10-30/10", &MINUTE), [10, 20, 30]);
        assert_eq!(numbers("50/5", &MINUTE), [50, 55]);
        assert_eq!(numbers("JAN-mar", &MONTH), [1, 2, 3]);
        assert_eq!(numbers("FEV,abr,dez", &MONTH), [2, 4, 12]);
        assert_eq!(numbers("seg-sex", &WEEKDAY), [1, 2, 3, 4, 5]);
        assert_eq!(numbers("seg-sáb", &WEEKDAY), [1, 2, 3, 4, 5, 6]);
        assert_eq!(numbers("SÁB", &WEEKDAY), [6]);
        assert_eq!(numbers("*", &HOUR), (0..24).collect::<Vec<_>>());
        let sunday = Field::parse("7", &WEEKDAY).expect("sunday");
        assert_eq!(sunday.with_one_sunday().numbers().collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, range, part) in [
            ("60", &MINUTE, "expected a minute from 0 to 59"),
            ("", &HOUR, "expected an hour"),
            ("5-1", &HOUR, "runs backwards"),
            ("*/0", &HOUR, "the step"),
            ("1/", &HOUR, "the step"),
            ("0", &DAY, "expected a day of the month"),
            ("jany", &MONTH, "first three letters"),
            ("+5", &MINUTE, "expected a minute from 0 to 59"),
            ("1,,2", &MINUTE, "expected a minute from 0 to 59"),
            ("*5", &MINUTE, "expected a minute from 0 to 59"),
        ] {
            let error = Field::parse(text, range).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
