//! The values of a shard key: their order among all BSON values, and their hash, both as the server has them.

use std::cmp::Ordering;

use md5::{Digest as _, Md5};
use mongodb::bson::{Bson, Document};

use super::failure::{Failure, INVALID_OPTIONS};

/// The server's number for values that are compared with each other; values of a smaller one come first.
fn rank(value: &Bson) -> i32 {
    match value {
        Bson::MinKey => -1,
        Bson::Undefined => 0,
        Bson::Null => 5,
        Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_) => 10,
        Bson::String(_) | Bson::Symbol(_) => 15,
        Bson::Document(_) => 20,
        Bson::Array(_) => 25,
        Bson::Binary(_) => 30,
        Bson::ObjectId(_) => 35,
        Bson::Boolean(_) => 40,
        Bson::DateTime(_) => 45,
        Bson::Timestamp(_) => 47,
        Bson::RegularExpression(_) => 50,
        Bson::DbPointer(_) => 55,
        Bson::JavaScriptCode(_) => 60,
        Bson::JavaScriptCodeWithScope(_) => 65,
        Bson::MaxKey => 127,
    }
}

/// Which of two values comes first.
pub(super) fn compare(left: &Bson, right: &Bson) -> Ordering {
    let within = || match (left, right) {
        (Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_), _) => compare_numbers(left, right),
        (Bson::String(left), Bson::String(right)) => left.as_bytes().cmp(right.as_bytes()),
        (Bson::Document(left), Bson::Document(right)) => compare_documents(left, right),
        (Bson::Array(left), Bson::Array(right)) => compare_lists(left.iter(), right.iter()),
        (Bson::Binary(left), Bson::Binary(right)) => {
            let key = |b: &mongodb::bson::Binary| (b.bytes.len(), u8::from(b.subtype));
            key(left).cmp(&key(right)).then_with(|| left.bytes.cmp(&right.bytes))
        }
        (Bson::ObjectId(left), Bson::ObjectId(right)) => left.bytes().cmp(&right.bytes()),
        (Bson::Boolean(left), Bson::Boolean(right)) => left.cmp(right),
        (Bson::DateTime(left), Bson::DateTime(right)) => left.cmp(right),
        (Bson::Timestamp(left), Bson::Timestamp(right)) => left.cmp(right),
        _ => Ordering::Equal,
    };
    rank(left).cmp(&rank(right)).then_with(within)
}

/// Which of two lists of values comes first, by the first value that differs.
pub(super) fn compare_lists<'a>(
    mut left: impl Iterator<Item = &'a Bson>,
    mut right: impl Iterator<Item = &'a Bson>,
) -> Ordering {
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(left), Some(right)) => match compare(left, right) {
                Ordering::Equal => {}
                unequal => return unequal,
            },
        }
    }
}

fn compare_documents(left: &Document, right: &Document) -> Ordering {
    for ((left_key, left), (right_key, right)) in left.iter().zip(right) {
        let ordering = rank(left).cmp(&rank(right)).then_with(|| left_key.as_bytes().cmp(right_key.as_bytes()));
        match ordering.then_with(|| compare(left, right)) {
            Ordering::Equal => {}
            unequal => return unequal,
        }
    }
    left.len().cmp(&right.len())
}

fn compare_numbers(left: &Bson, right: &Bson) -> Ordering {
    match (whole(left), whole(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        // Not a number comes before all numbers, which `total_cmp` says of the negative one only.
        _ => match (float(left), float(right)) {
            (left, right) if left.is_nan() || right.is_nan() => right.is_nan().cmp(&left.is_nan()),
            (left, right) => left.partial_cmp(&right).unwrap_or(Ordering::Equal),
        },
    }
}

fn whole(value: &Bson) -> Option<i64> {
    value.as_i64().or(value.as_i32().map(i64::from))
}

fn float(value: &Bson) -> f64 {
    value.as_f64().or(whole(value).map(|number| number as f64)).unwrap_or(f64::NAN)
}

/// The value that a hashed index holds: the first eight bytes of the MD5 of a seed of zero, the rank, and the value.
///
/// # Errors
/// For the kinds of values that no shard key here has: compound ones and decimals.
pub(super) fn hash(value: &Bson) -> Result<i64, Failure> {
    let bytes: Vec<u8> = match value {
        Bson::Null | Bson::Undefined | Bson::MinKey | Bson::MaxKey => Vec::new(),
        // Numbers that are equal must be so by their hash, whatever they are stored as.
        Bson::Int32(_) | Bson::Int64(_) => whole(value).unwrap_or_default().to_le_bytes().to_vec(),
        Bson::Double(number) => (*number as i64).to_le_bytes().to_vec(),
        Bson::String(text) | Bson::Symbol(text) => {
            let length = (text.len() + 1) as u32;
            [&length.to_le_bytes(), text.as_bytes(), &[0]].concat()
        }
        Bson::Binary(binary) => {
            let length = binary.bytes.len() as u32;
            [&length.to_le_bytes()[..], &[u8::from(binary.subtype)], &binary.bytes].concat()
        }
        Bson::ObjectId(id) => id.bytes().to_vec(),
        Bson::Boolean(value) => vec![u8::from(*value)],
        Bson::DateTime(time) => time.timestamp_millis().to_le_bytes().to_vec(),
        Bson::Timestamp(stamp) => [stamp.increment.to_le_bytes(), stamp.time.to_le_bytes()].concat(),
        other => {
            let message = format!("the front cannot hash a value of type {:?}", other.element_type());
            return Err(Failure::new(INVALID_OPTIONS, message));
        }
    };
    let digest = Md5::new()
        .chain_update(0_i32.to_le_bytes())
        .chain_update(rank(value).to_le_bytes())
        .chain_update(bytes)
        .finalize();
    let first: [u8; 8] = digest.first_chunk().copied().unwrap_or_default();
    Ok(i64::from_le_bytes(first))
}

#[cfg(test)]
mod tests {
    use mongodb::bson::oid::ObjectId;
    use mongodb::bson::{Bson, bson};

    use super::{compare, hash};

    #[test]
    fn hashes_are_the_server_s() {
        let id = ObjectId::parse_str("6b0079c4c8c25668f6174c09").expect("an id");
        for (value, expected) in [
            (bson!("s7"), 4_904_874_467_031_400_497_i64),
            (bson!("a"), 2_780_795_045_148_116_090),
            (bson!(1), 5_902_408_780_260_971_510),
            (bson!(1_i64), 5_902_408_780_260_971_510),
            (bson!(1.0), 5_902_408_780_260_971_510),
            (Bson::Null, 2_338_878_944_348_059_895),
            (Bson::ObjectId(id), -5_968_458_012_659_412_549),
        ] {
            assert_eq!(hash(&value).ok(), Some(expected), "{value}");
        }
    }

    #[test]
    fn values_are_in_the_server_s_order() {
        let ordered = [
            Bson::MinKey,
            Bson::Null,
            bson!(f64::NAN),
            bson!(-1),
            bson!(0.5),
            bson!(1_i64),
            bson!("a"),
            bson!("b"),
            bson!({ "a": 1 }),
            bson!({ "a": 1, "b": 1 }),
            bson!({ "b": 0 }),
            bson!(false),
            bson!(true),
            Bson::MaxKey,
        ];
        for pair in ordered.windows(2) {
            assert!(compare(&pair[0], &pair[1]).is_lt() && compare(&pair[1], &pair[0]).is_gt(), "{pair:?}");
        }
    }
}
