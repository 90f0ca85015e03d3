//! The canonical form under the digest: object members sorted by key, every number in the spelling of its value.
//! Members are written as they come and put in order when their object closes, so no tree is needed.

/// One member of an object: where its key text and the whole member lie in the canonical output.
pub(super) struct Member {
    /// The first byte of the member, which is the first byte of its key.
    pub(super) start: usize,
    /// The byte after the key.
    pub(super) key_end: usize,
    /// The byte after the value.
    pub(super) end: usize,
}

/// Puts the members of an object, which are the tail of `out`, in order of their keys.
/// The first key that stands there twice is returned instead.
pub(super) fn sort_members(out: &mut Vec<u8>, members: &mut [Member]) -> Result<(), String> {
    let Some(first) = members.first() else { return Ok(()) };
    let start = first.start;
    let key = |member: &Member| member.start..member.key_end;
    members.sort_by(|a, b| out[key(a)].cmp(&out[key(b)]));
    if let Some(pair) = members.windows(2).find(|pair| out[key(&pair[0])] == out[key(&pair[1])]) {
        let text = String::from_utf8_lossy(&out[key(&pair[0])]).into_owned();
        return Err(serde_json::from_str(&text).unwrap_or(text));
    }
    let sorted: Vec<u8> = members.iter().flat_map(|member| &out[member.start..member.end]).copied().collect();
    out.truncate(start);
    out.extend_from_slice(&sorted);
    Ok(())
}

/// Writes a double by value: one that is a whole number is written as the integer it equals.
pub(super) fn write_double(out: &mut Vec<u8>, value: f64, spelling: &str) {
    // 2^63 is the first double that no i64 can hold; below it every whole double converts exactly.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if value.fract() == 0.0 && value.abs() < LIMIT {
        #[expect(clippy::cast_possible_truncation, reason = "the value is whole and within the range of i64")]
        let whole = value as i64;
        out.extend_from_slice(whole.to_string().as_bytes());
    } else {
        out.extend_from_slice(spelling.as_bytes());
    }
}
