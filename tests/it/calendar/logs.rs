//! Open time of all 12,134 cases of two real logs, against figures on which three other implementations agree.

use crate::vectors_business_time::{runner::business_time::definition, shared};
use chrono::{DateTime, Utc};
use serde_json::Value;
use ticketry::calendar::Calendar;

#[test]
fn s53_open_time_of_every_case_of_two_real_logs() {
    let Some(shared) = shared("logs") else { return };
    let expected: Value = serde_json::from_str(&std::fs::read_to_string(shared.join("expected_business_time.json")).unwrap()).unwrap();
    let mut all = 0;
    for (log, figures) in expected.as_object().unwrap() {
        let c = Calendar::compile(&definition(&figures["calendar"]).unwrap()).unwrap();
        let file = std::fs::File::open(shared.join(format!("{log}_case_durations.csv.gz"))).unwrap();
        let mut rows = csv::Reader::from_reader(flate2::read::GzDecoder::new(file));
        let (mut cases, mut sum) = (0u64, 0i64);
        for row in rows.records() {
            let row = row.unwrap();
            let instant = |i: usize| row[i].parse::<DateTime<Utc>>().unwrap();
            let (first, last) = (instant(1), instant(2));
            let open = c.elapsed(first, last).num_seconds();
            assert_eq!(open, row[4].parse::<i64>().unwrap(), "{log} {}", &row[0]);
            assert_eq!((last - first).num_seconds(), row[3].parse::<i64>().unwrap());
            assert_eq!(c.elapsed(first, c.add(first, c.elapsed(first, last)).unwrap()).num_seconds(), open);
            cases += 1;
            sum += open;
        }
        assert_eq!((Some(cases), Some(sum)), (figures["cases"].as_u64(), figures["sum_business_seconds"].as_i64()), "{log}");
        all += cases;
    }
    assert_eq!(all, 12_134);
}
