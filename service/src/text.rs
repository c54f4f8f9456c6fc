//! What people write: cleaned, measured, and read for hashtags and mentions.

use unicode_normalization::UnicodeNormalization;

use crate::error::Problem;

/// Hashtags of one caption that are kept.
pub const HASHTAGS_PER_POST: usize = 30;

/// Mentions of one caption or comment that are kept.
pub const MENTIONS_PER_POST: usize = 20;

/// Characters of a hashtag, without `#`.
pub const HASHTAG_CHARS: usize = 100;

/// The longest username.
pub const USERNAME_CHARS: usize = 30;

/// Trims the ends, makes line ends `\n`, and checks the length in characters (Unicode scalar values) and that there are
/// no control characters.
pub fn clean(field: &'static str, text: &str, max_chars: usize, problems: &mut Vec<Problem>) -> String {
    let text = text.trim().replace("\r\n", "\n");
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        problems.push(Problem::invalid(field, "It contains control characters. Remove them."));
    }
    let chars = text.chars().count();
    if chars > max_chars {
        problems.push(Problem::invalid(field, format!("It has {chars} characters. At most {max_chars} are allowed.")));
    }
    text
}

/// As [`clean`], and line breaks become spaces.
pub fn clean_line(field: &'static str, text: &str, max_chars: usize, problems: &mut Vec<Problem>) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    clean(field, &text, max_chars, problems)
}

/// The hashtags of a caption in order, each once, in comparable form (NFKC, lower case, without `#`).
///
/// A hashtag is `#` at the beginning of a word, then identifier characters (UAX #31: XID_Continue, which holds letters of
/// every script, marks, digits and `_`; and ZWNJ and ZWJ inside, which Persian and Indic scripts need), at least one of
/// them not a digit.
pub fn hashtags(caption: &str) -> Vec<String> {
    let mut found = Vec::new();
    for body in sigils(caption, '#', is_hashtag_char) {
        let tag: String = body.trim_end_matches(is_joiner).nfkc().collect::<String>().to_lowercase();
        let counts = tag.chars().any(|c| !c.is_numeric() && c != '_' && !is_joiner(c));
        if counts && tag.chars().count() <= HASHTAG_CHARS && !found.contains(&tag) {
            found.push(tag);
        }
        if found.len() == HASHTAGS_PER_POST {
            break;
        }
    }
    found
}

/// The usernames that a caption mentions in order, each once, in comparable form (lower case, without `@`).
pub fn mentions(caption: &str) -> Vec<String> {
    let mut found = Vec::new();
    for body in sigils(caption, '@', is_username_char) {
        let name = body.trim_end_matches('.').to_ascii_lowercase();
        if !name.is_empty() && name.len() <= USERNAME_CHARS && !found.contains(&name) {
            found.push(name);
        }
        if found.len() == MENTIONS_PER_POST {
            break;
        }
    }
    found
}

/// Whether a username may hold this character.
pub fn is_username_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '.' || c == '_'
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

fn is_hashtag_char(c: char) -> bool {
    unicode_ident::is_xid_continue(c) || is_joiner(c)
}

/// The runs of `allowed` characters after each `sigil` that begins a word.
fn sigils(text: &str, sigil: char, allowed: fn(char) -> bool) -> impl Iterator<Item = &str> {
    text.match_indices(sigil).filter_map(move |(at, _)| {
        let before = text[..at].chars().next_back();
        let begins_word = before.is_none_or(|c| !is_hashtag_char(c) && !matches!(c, '#' | '@' | '/' | '&' | '.'));
        let body = &text[at + sigil.len_utf8()..];
        let end = body.find(|c| !allowed(c)).unwrap_or(body.len());
        (begins_word && end > 0).then(|| &body[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashtags_of_every_script() {
        assert_eq!(hashtags("#Sunset over #東京 and #été2026! #sunset"), ["sunset", "東京", "été2026"]);
        assert_eq!(hashtags("#می\u{200c}خواهم"), ["می\u{200c}خواهم"]);
        assert_eq!(hashtags("ﬁlm: #ﬁlm #FILM"), ["film"]);
    }

    #[test]
    fn what_is_no_hashtag() {
        assert!(hashtags("# #1 #2026 a#b https://x.test/#frag &#39; ##").is_empty());
        assert_eq!(hashtags(&format!("#{}", "a".repeat(101))), Vec::<String>::new());
    }

    #[test]
    fn hashtags_are_bounded() {
        let caption: String = (0..100).map(|n| format!("#t{n} ")).collect();
        assert_eq!(hashtags(&caption).len(), HASHTAGS_PER_POST);
    }

    #[test]
    fn mentions_but_not_addresses() {
        assert_eq!(mentions("with @Mira.K. and (@tom_1), not me@home.test, @mira.k"), ["mira.k", "tom_1"]);
        assert!(mentions("@ @. @@x").is_empty());
    }

    #[test]
    fn clean_measures_characters_and_refuses_control() {
        let mut problems = Vec::new();
        assert_eq!(clean("caption", "  é\r\nb ", 3, &mut problems), "é\nb");
        assert!(problems.is_empty());
        clean("caption", "abcd", 3, &mut problems);
        clean("caption", "a\0b", 3, &mut problems);
        assert_eq!(problems.len(), 2);
    }
}
