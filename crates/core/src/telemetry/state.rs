//! `tracestate`: vendors' entries.

use std::sync::Arc;

/// The maximum number of members, by the recommendation.
const MAX_MEMBERS: usize = 32;
/// The bytes that are always propagated, by the recommendation. Longer lists lose whole members.
const MAX_BYTES: usize = 512;
/// Members longer than this are removed first.
const LONG_MEMBER: usize = 128;
/// The longest header that is forwarded unchanged: more than 32 members of the greatest length.
const MAX_UNCHANGED: usize = 32 << 10;

/// A header that can be forwarded unchanged.
pub(super) fn unchanged(header: &str) -> Option<Arc<str>> {
    (header.len() <= MAX_UNCHANGED).then(|| header.into())
}

/// The entries that a new span propagates; `None` if there are none, or if the header is malformed: one
/// malformed member invalidates all. Of members with the same key, the first one is kept.
pub(super) fn sound(header: &str) -> Option<Arc<str>> {
    let mut members: Vec<(&str, &str)> = Vec::new();
    for member in header
        .split(',')
        .map(|member| member.trim_matches([' ', '\t']))
    {
        // Empty members are valid, and omitted.
        if member.is_empty() {
            continue;
        }
        let (key, value) = member.split_once('=')?;
        if !is_key(key) || !is_value(value) {
            return None;
        }
        if members.iter().all(|(known, _)| *known != key) {
            members.push((key, member));
        }
        if members.len() > MAX_MEMBERS {
            return None;
        }
    }
    let mut members: Vec<&str> = members.into_iter().map(|(_, member)| member).collect();
    shorten(&mut members);
    (!members.is_empty()).then(|| members.join(",").into())
}

/// Removes whole members until the list fits: long ones first, from the end.
fn shorten(members: &mut Vec<&str>) {
    // With the comma before each member but the first.
    let mut bytes = members.iter().map(|member| member.len() + 1).sum::<usize>();
    while bytes > MAX_BYTES + 1 {
        let long = members
            .iter()
            .rposition(|member| member.len() > LONG_MEMBER);
        let Some(at) = long.or_else(|| members.len().checked_sub(1)) else {
            return;
        };
        bytes -= members.remove(at).len() + 1;
    }
}

/// Checks a key by level 2, whose keys are a superset of those of level 1.
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
    fn sound_members_are_propagated_in_their_order() {
        let kept = sound("rojo=00f067aa0ba902b7 , congo=t61rcWkgMzE,, t@v=x").unwrap();
        assert_eq!(&*kept, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE,t@v=x");
    }

    #[test]
    fn keys_of_level_2_are_sound() {
        for key in [
            "foo@",
            "foo@@bar",
            "foo@bar@baz",
            "0a",
            "a_-*/@",
            &"z".repeat(256),
        ] {
            let header = format!("{key}=1");
            assert_eq!(sound(&header).as_deref(), Some(header.as_str()));
        }
    }

    #[test]
    fn one_malformed_member_invalidates_all() {
        let many: String = (0..33).map(|n| format!("k{n}=v,")).collect();
        let long_key = format!("{}=1,b=2", "z".repeat(257));
        let long_value = format!("a={},b=2", "z".repeat(257));
        for header in [
            "",
            " ",
            ",,",
            "a",
            "a=",
            "=1",
            "A=1",
            "a=1=2",
            "a=\u{fc}",
            "a =1",
            "@a=1,b=2",
            "_a=1",
            "a.b=1",
            "a=1,b",
            "a=1;b=2=3",
            "a=x\ty",
            &many,
            &long_key,
            &long_value,
        ] {
            assert_eq!(sound(header), None, "{header}");
        }
    }

    #[test]
    fn of_a_duplicated_key_the_first_member_is_kept_and_no_other_is_lost() {
        for (header, kept) in [
            ("a=1,a=2", "a=1"),
            ("a=1,a=1", "a=1"),
            ("a=1,b=2,a=3,c=4", "a=1,b=2,c=4"),
            ("b=1, a=2 ,b=3,,b=4", "b=1,a=2"),
        ] {
            assert_eq!(sound(header).as_deref(), Some(kept), "{header}");
        }
        // Duplicates do not count as members.
        let repeated = "a=1,".repeat(40);
        assert_eq!(sound(&repeated).as_deref(), Some("a=1"));
        // A malformed duplicate is malformed.
        assert_eq!(sound("a=1,a="), None);
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

    #[test]
    fn no_more_is_cut_than_necessary() {
        let long: Vec<_> = (0..3)
            .map(|n| format!("l{n}={}", "x".repeat(200)))
            .collect();
        assert_eq!(
            sound(&format!("a=1,{},b=2", long.join(","))).unwrap(),
            format!("a=1,{},{},b=2", long[0], long[1]).into()
        );
        let exact = format!("a={},b={}", "x".repeat(254), "y".repeat(253));
        assert_eq!(exact.len(), MAX_BYTES);
        assert_eq!(sound(&exact).as_deref(), Some(exact.as_str()));
    }

    #[test]
    fn what_is_forwarded_unchanged_has_a_bound() {
        assert!(unchanged(&"x".repeat(MAX_UNCHANGED)).is_some());
        assert_eq!(unchanged(&"x".repeat(MAX_UNCHANGED + 1)), None);
    }
}
