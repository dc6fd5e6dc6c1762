//! The term of a pool that is paid for by the month or year.
//!
//! The service does not tell when a term ends, so it is reckoned from the creation and the length of
//! a term. A renewal by hand is not seen: the end is for people to read, and nothing is decided by it.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use modelarts_crd::status::Subscription;
use modelarts_types::keys;
use modelarts_types::pool::Pool;

/// How long before the end of a term it is told, in hours: seven days.
const NOTICE_HOURS: i64 = 7 * 24;
/// Most terms that are reckoned ahead: a hundred years of months.
const MOST_TERMS: i64 = 1200;

/// A unit of terms, and how many of them are one term.
#[derive(Clone, Copy)]
enum Term {
    Months(i64),
    Years(i64),
}

/// The present term of a pool; nothing for a pool that is paid for by the hour.
///
/// Without renewal that is the first term, also when it is over. The end is absent if the pool does
/// not tell when it was made, or for how long it was bought.
#[must_use]
pub fn term(pool: &Pool, now: Timestamp) -> Option<Subscription> {
    let annotation = |key: &str| pool.metadata.annotations.get(key);
    if annotation(keys::BILLING_MODE) != Some("1") {
        return None;
    }
    let auto_renew = annotation(keys::AUTO_RENEW) == Some("1");
    let ends_at = length(pool).and_then(|term| {
        let began: Timestamp = pool.created_at()?.parse().ok()?;
        let terms = if auto_renew { MOST_TERMS } else { 1 };
        (1..=terms)
            .map_while(|number| end(began, term, number))
            .find(|end| !auto_renew || *end > now)
    });
    Some(Subscription {
        ends_at: ends_at.map(|end| end.to_string()),
        auto_renew,
    })
}

fn length(pool: &Pool) -> Option<Term> {
    let annotation = |key: &str| pool.metadata.annotations.get(key);
    let periods: i64 = annotation(keys::PERIOD_NUM)?.parse().ok()?;
    match annotation(keys::PERIOD_TYPE)? {
        _ if periods < 1 => None,
        "2" => Some(Term::Months(periods)),
        "3" => Some(Term::Years(periods)),
        _ => None,
    }
}

/// The end of the term of that number, from 1: all are counted from the first, so that a month that
/// is too short does not shorten those after it.
fn end(began: Timestamp, term: Term, number: i64) -> Option<Timestamp> {
    let span = match term {
        Term::Months(months) => Span::new().try_months(months.checked_mul(number)?),
        Term::Years(years) => Span::new().try_years(years.checked_mul(number)?),
    };
    let end = began.to_zoned(TimeZone::UTC).checked_add(span.ok()?).ok()?;
    Some(end.timestamp())
}

/// What to tell about a term that is not renewed by itself and ends within seven days, or has ended.
#[must_use]
pub fn ends_soon(subscription: &Subscription, now: Timestamp) -> Option<String> {
    let Subscription { ends_at, auto_renew } = subscription;
    if *auto_renew {
        return None;
    }
    let end: Timestamp = ends_at.as_deref()?.parse().ok()?;
    if end <= now {
        return Some(format!(
            "the term of the subscription ended at {end}, unless it was renewed in the console"
        ));
    }
    let soon = now.checked_add(Span::new().hours(NOTICE_HOURS)).ok()?;
    (end <= soon).then(|| {
        format!("the term of the subscription ends at {end} and is not renewed by itself; renew it in the console")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pool(created: &str, unit: &str, periods: &str, renew: &str) -> Pool {
        serde_json::from_value(json!({"metadata": {"creationTimestamp": created, "annotations": {
            keys::BILLING_MODE: "1", keys::PERIOD_TYPE: unit, keys::PERIOD_NUM: periods, keys::AUTO_RENEW: renew,
        }}}))
        .unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_term_ends_by_the_calendar() {
        let now = "2026-06-10T00:00:00Z";
        let table = [
            (
                pool("2026-05-20T10:00:00Z", "2", "1", "0"),
                Some("2026-06-20T10:00:00Z"),
                "a month",
            ),
            (
                pool("2024-02-29T00:00:00Z", "3", "3", "0"),
                Some("2027-02-28T00:00:00Z"),
                "years from a leap day",
            ),
            (
                pool("2026-01-01T08:00:00+08:00", "2", "9", ""),
                Some("2026-10-01T00:00:00Z"),
                "in UTC",
            ),
            (pool("2026-05-20T10:00:00Z", "2", "0", "0"), None, "no month is no term"),
            (
                pool("2020-01-01T00:00:00Z", "2", "1", "0"),
                Some("2020-02-01T00:00:00Z"),
                "over is over",
            ),
            (
                pool("2026-01-31T00:00:00Z", "2", "1", "1"),
                Some("2026-06-30T00:00:00Z"),
                "renewed, the fifth",
            ),
            (
                pool("2026-03-10T00:00:00Z", "2", "3", "1"),
                Some("2026-09-10T00:00:00Z"),
                "renewed at this moment",
            ),
            (
                pool("2026-01-01 00:00:00 CST", "2", "1", "0"),
                None,
                "a time that is not understood",
            ),
            (pool("2026-01-01T00:00:00Z", "4", "1", "0"), None, "hours are no term"),
            (pool("2026-01-01T00:00:00Z", "2", "0", "1"), None, "no term"),
            (
                pool("2026-01-01T00:00:00Z", "2", "9223372036854775807", "1"),
                None,
                "no such term",
            ),
        ];
        for (pool, ends_at, why) in table {
            let term = term(&pool, at(now)).unwrap();
            assert_eq!(term.ends_at.as_deref(), ends_at, "{why}");
        }
    }

    #[test]
    fn a_pool_paid_by_the_hour_has_no_term() {
        let mut pool = pool("2026-01-01T00:00:00Z", "2", "1", "0");
        pool.metadata.annotations.set(keys::BILLING_MODE, "0");
        assert_eq!(term(&pool, at("2026-01-02T00:00:00Z")), None);
    }

    #[test]
    fn an_end_is_told_a_week_ahead_unless_it_is_renewed() {
        let table = [
            ("2026-01-24T23:59:59Z", false, ""),
            ("2026-01-25T00:00:00Z", false, "ends at"),
            ("2026-02-01T00:00:00Z", false, "ended at"),
            ("2026-01-31T00:00:00Z", true, ""),
        ];
        for (now, auto_renew, told) in table {
            let subscription = Subscription {
                ends_at: Some("2026-02-01T00:00:00Z".into()),
                auto_renew,
            };
            let text = ends_soon(&subscription, at(now)).unwrap_or_default();
            assert!(
                text.contains(told) && text.is_empty() == told.is_empty(),
                "{now}: {text}"
            );
        }
        let unknown = Subscription::default();
        assert_eq!(ends_soon(&unknown, at("2026-01-31T00:00:00Z")), None);
    }
}
