//! What an account must look like.

use crate::error::{Problem, Result, reject_if_any};
use crate::text;

/// Characters of a password, least and most. Eight is NIST's minimum (SP 800-63B); the most bounds the work.
pub const PASSWORD_CHARS: (usize, usize) = (8, 256);

/// Characters of an e-mail address.
pub const EMAIL_CHARS: usize = 255;

/// Characters of a full name.
pub const FULL_NAME_CHARS: usize = 100;

/// Names that a page of ours, or a role, could be taken for.
const RESERVED: [&str; 14] = [
    "admin",
    "administrator",
    "api",
    "darkroom",
    "graphql",
    "healthz",
    "help",
    "ide",
    "media",
    "moderator",
    "readyz",
    "root",
    "support",
    "system",
];

/// What somebody sent to sign up.
#[derive(Clone)]
pub struct NewAccount {
    /// 1–30 of `a–z A–Z 0–9 . _`; no dot at an end, no two in a row.
    pub username: String,
    /// At most 255 characters.
    pub email: String,
    /// 8–256 characters.
    pub password: String,
    /// At most 100 characters; may be empty.
    pub full_name: String,
}

impl std::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccount").field("username", &self.username).finish_non_exhaustive()
    }
}

impl NewAccount {
    /// The same, cleaned; refused with everything that is wrong with it.
    pub(crate) fn checked(self) -> Result<Self> {
        let mut problems = Vec::new();
        let username = self.username.trim().to_owned();
        problems.extend(username_problem(&username));
        let email = self.email.trim().to_owned();
        problems.extend(email_problem(&email));
        let chars = self.password.chars().count();
        if chars < PASSWORD_CHARS.0 || chars > PASSWORD_CHARS.1 {
            let (least, most) = PASSWORD_CHARS;
            problems.push(Problem::invalid("password", format!("A password has {least} to {most} characters.")));
        }
        let full_name = text::clean_line("fullName", &self.full_name, FULL_NAME_CHARS, &mut problems);
        reject_if_any(problems)?;
        Ok(Self { username, email, password: self.password, full_name })
    }
}

fn username_problem(username: &str) -> Option<Problem> {
    let message = if username.is_empty() || username.chars().count() > text::USERNAME_CHARS {
        "A username has 1 to 30 characters."
    } else if !username.chars().all(text::is_username_char) {
        "A username holds only letters a–z, digits, dots and underscores."
    } else if username.starts_with('.') || username.ends_with('.') || username.contains("..") {
        "A username neither begins nor ends with a dot, nor has two in a row."
    } else if RESERVED.contains(&username.to_ascii_lowercase().as_str()) {
        "This username is reserved."
    } else {
        return None;
    };
    Some(Problem::invalid("username", message))
}

/// Only what can be told from the outside: whether an address takes mail is found out by sending one.
fn email_problem(email: &str) -> Option<Problem> {
    let well_formed = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && !domain.starts_with('.')
            && !domain.ends_with('.')
    });
    let clean = !email.chars().any(|c| c.is_whitespace() || c.is_control());
    if email.chars().count() > EMAIL_CHARS {
        Some(Problem::invalid("email", "An e-mail address has at most 255 characters."))
    } else if !well_formed || !clean {
        Some(Problem::invalid("email", "This is not an e-mail address."))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn new(username: &str, email: &str, password: &str) -> NewAccount {
        NewAccount {
            username: username.into(),
            email: email.into(),
            password: password.into(),
            full_name: " A  B ".into(),
        }
    }

    fn fields(result: Result<NewAccount>) -> Vec<&'static str> {
        match result {
            Err(Error::Rejected { problems }) => problems.into_iter().filter_map(|problem| problem.field).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn good_ones_are_cleaned() {
        let checked = new(" Mira.K_1 ", " mira@x.test ", "12345678").checked().expect("is fine");
        assert_eq!((checked.username.as_str(), checked.email.as_str()), ("Mira.K_1", "mira@x.test"));
        assert_eq!(checked.full_name, "A B");
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        assert_eq!(fields(new("a b", "nobody", "short").checked()), ["username", "email", "password"]);
    }

    #[test]
    fn bad_usernames() {
        for bad in ["", ".a", "a.", "a..b", "ä", "a/b", "admin", "Admin", &"a".repeat(31)] {
            assert_eq!(fields(new(bad, "a@b.test", "12345678").checked()), ["username"], "{bad:?}");
        }
    }

    #[test]
    fn bad_addresses() {
        for bad in ["@b", "a@", "a@b@c", "a b@c.test", "a@.b", "a@b.", &format!("{}@b.test", "a".repeat(255))] {
            assert_eq!(fields(new("a", bad, "12345678").checked()), ["email"], "{bad:?}");
        }
    }
}
