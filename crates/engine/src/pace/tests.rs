use super::*;
use proptest::prelude::*;
use provost_core::app::profile;
use provost_core::time::Span;

const NOON: Timestamp = Timestamp(1_800_000_000_000_000);

fn generic() -> Profile {
    profile("generic").expect("the catalogue has it").clone()
}

fn changed(change: impl FnOnce(&mut Profile)) -> Profile {
    let mut profile = generic();
    change(&mut profile);
    profile
}

fn with_rates(rates: &str) -> Profile {
    #[derive(serde::Deserialize)]
    struct Rates {
        rates: Vec<provost_core::app::Rate>,
    }
    let rates: Rates = toml::from_str(rates).expect("rates");
    changed(|profile| profile.rates = rates.rates)
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn heard(status: u16, retry_at: Option<Timestamp>) -> Heard {
    Heard { status, retry_at, left: None }
}

/// The kinds of permits a sender gets who asks every millisecond for so long, with the times since it began.
fn eager(pace: &mut Pace, begin: Instant, kind: RequestKind, length: Duration) -> Vec<Duration> {
    let mut granted = Vec::new();
    let mut at = Duration::ZERO;
    while at < length {
        if pace.ask(kind, begin + at, NOON) == Permit::Granted {
            granted.push(at);
        } else {
            at += Duration::from_millis(1);
        }
    }
    granted
}

fn most_in_a_window(granted: &[Duration], window: Duration) -> usize {
    let within =
        |begin: &Duration| granted.iter().filter(|at| at.checked_sub(*begin).is_some_and(|since| since < window)).count();
    granted.iter().map(within).max().unwrap_or(0)
}

#[test]
fn an_eager_sender_gets_the_whole_rate_and_never_more() {
    let table = [
        ("rates = [{ requests = 5, per = 'second' }]", 1, 5),
        ("rates = [{ requests = 100, per = 'second' }]", 1, 100),
        ("rates = [{ requests = 180, per = 'minute', burst = 20 }]", 60, 180),
        ("rates = [{ requests = 60, per = 'second' }, { requests = 90, per = 'minute' }]", 60, 90),
    ];
    for (rates, window, limit) in table {
        let begin = Instant::now();
        let mut pace = Pace::new(&with_rates(rates), None, begin);
        let granted = eager(&mut pace, begin, RequestKind::Write, seconds(f64::from(window) * 3.0));
        let most = most_in_a_window(&granted, seconds(f64::from(window)));
        assert!(most <= limit, "{rates}: {most}");
        assert!(granted.len() >= limit * 3 * 85 / 100, "{rates}: only {} in three windows", granted.len());
    }
}

#[test]
fn reads_and_writes_have_rates_of_their_own() {
    let profile = with_rates("rates = [{ requests = 4, per = 'second', of = 'writes', burst = 4 }]");
    let begin = Instant::now();
    let mut pace = Pace::new(&profile, None, begin);
    let at = begin + seconds(5.0);
    assert_eq!(pace.room(RequestKind::Write, at, NOON), 4);
    for _ in 0..4 {
        assert_eq!(pace.ask(RequestKind::Write, at, NOON), Permit::Granted);
    }
    assert_eq!(pace.room(RequestKind::Write, at, NOON), 0);
    assert_eq!(pace.ask(RequestKind::Read, at, NOON), Permit::Granted);
}

#[test]
fn a_new_process_begins_without_a_burst() {
    let begin = Instant::now();
    let mut pace = Pace::new(&with_rates("rates = [{ requests = 100, per = 'second' }]"), None, begin);
    let at_once = (0..50).filter(|_| pace.ask(RequestKind::Write, begin, NOON) == Permit::Granted).count();
    assert_eq!(at_once, 1);
}

#[test]
fn nothing_starts_before_the_instant_the_app_named_also_after_a_restart() {
    let until = NOON + Span::seconds(30);
    let begin = Instant::now();
    let mut pace = Pace::new(&generic(), None, begin);
    pace.answered(&heard(429, Some(until)), begin, begin, NOON);
    let mut again = Pace::new(&generic(), pace.paused_until(), begin);
    for pace in [&mut pace, &mut again] {
        let later = begin + seconds(40.0);
        assert_eq!(pace.ask(RequestKind::Read, later, until - Span(1)), Permit::Wait(Duration::from_micros(1)));
        assert_eq!(pace.room(RequestKind::Read, later, until - Span(1)), 0);
        assert_eq!(pace.ask(RequestKind::Read, later, until), Permit::Granted);
    }
}

#[test]
fn an_app_that_names_no_time_or_now_gets_growing_pauses() {
    for named in [None, Some(NOON), Some(NOON - Span::days(9))] {
        let mut at = Instant::now();
        let mut pace = Pace::new(&generic(), None, at);
        let mut now = NOON;
        let mut waits = Vec::new();
        for _ in 0..8 {
            pace.answered(&heard(429, named), at, at, now);
            let wait = pace.wait(RequestKind::Write, at, now);
            waits.push(wait.as_secs());
            (at, now) = (at + wait, now + Span(i64::try_from(wait.as_micros()).unwrap()));
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        pace.answered(&heard(200, None), at, at, now);
        pace.answered(&heard(429, None), at, at, now);
        assert_eq!(pace.wait(RequestKind::Write, at, now), seconds(1.0));
    }
}

#[test]
fn what_the_app_says_is_left_slows_us_before_it_refuses() {
    let at = Instant::now() + seconds(5.0);
    let mut pace = Pace::new(&changed(|profile| profile.rates.clear()), None, at);
    assert_eq!(pace.ask(RequestKind::Write, at, NOON), Permit::Granted);
    assert_eq!(pace.ask(RequestKind::Write, at, NOON), Permit::Granted);
    // One of the two is still on its way, so of three that are left two may go.
    pace.answered(&Heard { left: Some((3, seconds(10.0))), ..heard(200, None) }, at, at, NOON);
    assert_eq!(pace.room(RequestKind::Write, at, NOON), 2);
    assert_eq!(pace.ask(RequestKind::Write, at, NOON), Permit::Granted);
    assert_eq!(pace.ask(RequestKind::Write, at, NOON), Permit::Granted);
    assert_eq!(pace.ask(RequestKind::Write, at, NOON), Permit::Wait(seconds(10.0)));
    assert_eq!(pace.ask(RequestKind::Write, at + seconds(10.0), NOON), Permit::Granted);
}

#[test]
fn an_app_that_does_not_answer_is_tried_with_one_request_after_growing_pauses() {
    let mut at = Instant::now() + seconds(5.0);
    let mut pace = Pace::new(&generic(), None, at - seconds(5.0));
    // One user's request that always fails, between others that are answered, opens nothing.
    for _ in 0..9 {
        pace.not_answered(at, at);
        pace.answered(&heard(200, None), at, at, NOON);
    }
    assert_eq!(pace.wait(RequestKind::Write, at, NOON), Duration::ZERO);
    // Eight that were under way together count as three.
    let begun = at;
    at += seconds(0.1);
    for _ in 0..8 {
        pace.not_answered(begun, at);
    }
    let mut waits = Vec::new();
    for _ in 0..8 {
        let wait = pace.wait(RequestKind::Write, at, NOON);
        waits.push(wait.as_millis());
        at += wait;
        assert_eq!(pace.room(RequestKind::Write, at, NOON), 1);
        assert_eq!(pace.ask(RequestKind::Write, at, NOON), Permit::Granted);
        assert_eq!(pace.room(RequestKind::Write, at, NOON), 0, "one tries, the others wait");
        pace.not_answered(at, at);
    }
    assert_eq!(waits, [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
    pace.answered(&heard(200, None), at, at, NOON);
    assert!(pace.room(RequestKind::Write, at, NOON) > 1);
}

#[test]
fn requests_under_way_grow_one_by_one_and_halve() {
    let mut at = Instant::now();
    let mut pace = Pace::new(&changed(|profile| profile.concurrency = 16), None, at);
    assert_eq!(pace.places(), 8);
    for _ in 0..500 {
        pace.answered(&heard(200, None), at, at, NOON);
    }
    assert_eq!(pace.places(), 16, "never more than the profile says");
    for status in [500, 503, 500, 500, 500] {
        let begun = at;
        at += seconds(0.1);
        pace.answered(&heard(status, None), begun, at, NOON);
        pace.answered(&heard(status, None), begun, at, NOON);
    }
    assert_eq!(pace.places(), 1, "halved once for each round, and never to nothing");
    let begun = at;
    pace.answered(&heard(200, None), begun, at, NOON);
    assert_eq!(pace.places(), 2);
}

#[test]
fn slow_answers_lower_the_number_under_way() {
    let mut at = Instant::now();
    let mut pace = Pace::new(&changed(|profile| profile.concurrency = 16), None, at);
    let mut answer = |pace: &mut Pace, took: f64| {
        let begun = at;
        at += seconds(took);
        pace.answered(&heard(200, None), begun, at, NOON);
    };
    for _ in 0..200 {
        answer(&mut pace, 0.3);
    }
    assert_eq!(pace.places(), 16);
    answer(&mut pace, 1.1);
    assert_eq!(pace.places(), 16, "slower than usual, and not by much");
    answer(&mut pace, 3.0);
    assert_eq!(pace.places(), 12);
}

#[derive(Debug, Clone)]
enum Step {
    Pass(u32),
    Ask(bool),
    Answer(u16, Option<i64>),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0_u32..400).prop_map(Step::Pass),
        1 => (0_u32..20_000).prop_map(Step::Pass),
        20 => any::<bool>().prop_map(Step::Ask),
        2 => (prop_oneof![Just(200_u16), Just(429), Just(503), Just(500)], prop_oneof![Just(None), (-5_i64..20).prop_map(Some)])
            .prop_map(|(status, retry)| Step::Answer(status, retry)),
    ];
    prop::collection::vec(step, 1..600)
}

proptest! {
    /// The oracle keeps every start and every pause it was told of, and knows nothing of buckets.
    #[test]
    fn no_window_holds_more_than_the_limit_and_nothing_starts_in_a_pause(
        steps in steps(),
        second in 1_usize..40,
        minute in 1_usize..90,
        burst in 1_usize..90,
    ) {
        let profile = with_rates(&format!(
            "rates = [{{ requests = {second}, per = 'second', of = 'reads' }}, {{ requests = {minute}, per = 'minute', burst = {burst} }}]"
        ));
        let begin = Instant::now();
        let mut pace = Pace::new(&profile, None, begin);
        let (mut passed, mut all, mut reads) = (Duration::ZERO, Vec::new(), Vec::new());
        let mut pause_until = NOON;
        for step in steps {
            let (at, now) = (begin + passed, NOON + Span(i64::try_from(passed.as_micros()).unwrap()));
            match step {
                Step::Pass(milliseconds) => passed += Duration::from_millis(milliseconds.into()),
                Step::Ask(read) => {
                    let kind = if read { RequestKind::Read } else { RequestKind::Write };
                    let room = pace.room(kind, at, now);
                    let permit = pace.ask(kind, at, now);
                    prop_assert_eq!(room > 0, permit == Permit::Granted);
                    if permit == Permit::Granted {
                        prop_assert!(now >= pause_until, "a request began before the end of the pause");
                        all.push(passed);
                        if read { reads.push(passed) }
                    }
                }
                Step::Answer(status, retry) => {
                    let retry_at = retry.map(|seconds| now + Span::seconds(seconds));
                    if status == 429 || (status == 503 && retry.is_some()) {
                        pause_until = pause_until.max(retry_at.unwrap_or(now));
                    }
                    pace.answered(&heard(status, retry_at), at, at, now);
                }
            }
        }
        prop_assert!(most_in_a_window(&all, seconds(60.0)) <= minute);
        prop_assert!(most_in_a_window(&reads, seconds(1.0)) <= second);
    }
}
