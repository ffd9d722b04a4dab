//! `tracestate`: vendors' entries, handed on as they came as far as they are sound.

use std::sync::Arc;

/// The most members, by the recommendation.
const MAX_MEMBERS: usize = 32;
/// The bytes that are handed on at least, by the recommendation; more are cut off by whole members.
const MAX_BYTES: usize = 512;
/// Members longer than this go first where not all fit.
const LONG_MEMBER: usize = 128;

/// The part of a `tracestate` header that is handed on; `None` where it is empty or malformed: one
/// bad member discredits them all.
pub(super) fn sound(header: &str) -> Option<Arc<str>> {
    let mut members: Vec<&str> = Vec::new();
    for member in header
        .split(',')
        .map(|member| member.trim_matches([' ', '\t']))
    {
        // Empty members are allowed, and left out.
        if member.is_empty() {
            continue;
        }
        let (key, value) = member.split_once('=')?;
        let doubled = members
            .iter()
            .any(|known| known.split_once('=').is_some_and(|(known, _)| known == key));
        if !is_key(key) || !is_value(value) || doubled {
            return None;
        }
        members.push(member);
    }
    if members.len() > MAX_MEMBERS {
        return None;
    }
    let bytes = |members: &[&str]| members.iter().map(|member| member.len() + 1).sum::<usize>();
    if bytes(&members) > MAX_BYTES + 1 {
        members.retain(|member| member.len() <= LONG_MEMBER);
    }
    while bytes(&members) > MAX_BYTES + 1 {
        members.pop();
    }
    (!members.is_empty()).then(|| members.join(",").into())
}

fn is_key(key: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/@".contains(&byte);
    let first = key.bytes().next();
    first.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && key.len() <= 256
        && key.bytes().all(plain)
}

fn is_value(value: &str) -> bool {
    !value.is_empty()
        && value.len() <= 256
        && value
            .bytes()
            .all(|byte| matches!(byte, b' '..=b'~') && byte != b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_members_are_handed_on_in_their_order() {
        let kept = sound("rojo=00f067aa0ba902b7 , congo=t61rcWkgMzE,, t@v=x").unwrap();
        assert_eq!(&*kept, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE,t@v=x");
    }

    #[test]
    fn one_bad_member_discredits_them_all() {
        let many: String = (0..33).map(|n| format!("k{n}=v,")).collect();
        for header in ["", "a", "a=", "A=1", "a=1,a=2", "a=1=2", "a=\u{fc}", &many] {
            assert_eq!(sound(header), None, "{header}");
        }
    }

    #[test]
    fn what_does_not_fit_is_cut_by_whole_members_the_long_ones_first() {
        let long = format!("long={}", "x".repeat(200));
        let short: String = (0..9)
            .map(|n| format!("k{n}={},", "y".repeat(40)))
            .collect();
        let kept = sound(&format!("{long},{short}")).unwrap();
        assert!(!kept.contains("long="));
        assert_eq!(kept.split(',').count(), 9);
        let many: String = (0..20)
            .map(|n| format!("k{n}={},", "y".repeat(40)))
            .collect();
        let kept = sound(&many).unwrap();
        assert!(kept.len() <= MAX_BYTES && kept.starts_with("k0=") && kept.ends_with('y'));
    }
}
