//! One command to a Redis, and what it says: by the protocol itself, since what is asked here is what a client hides.

use std::io::{BufRead, BufReader, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// An answer takes microseconds; a machine that is busy takes longer.
const ANSWER: Duration = Duration::from_secs(5);

/// What a server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A status or a value.
    Text(String),
    /// A number.
    Number(i64),
    /// Several.
    List(Vec<Reply>),
    /// There is none.
    Nothing,
    /// An error, as it says it.
    Refused(String),
}

impl Reply {
    /// A text; of anything else its form as code.
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            other => format!("{other:?}"),
        }
    }

    /// The texts of a list.
    pub fn texts(&self) -> Vec<String> {
        match self {
            Self::List(list) => list.iter().map(Self::text).collect(),
            other => panic!("no list: {other:?}"),
        }
    }

    /// What stands behind `name:` in a text of such lines.
    pub fn field(&self, name: &str) -> Option<String> {
        let text = self.text();
        let mut lines = text.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
    }

    fn read(from: &mut impl BufRead) -> Result<Self> {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let (kind, rest) = line.split_at(1);
        let number = || rest.parse::<i64>().map_err(std::io::Error::other);
        Ok(match kind {
            "+" => Self::Text(rest.to_owned()),
            "-" => Self::Refused(rest.to_owned()),
            ":" => Self::Number(number()?),
            "*" => Self::List((0..number()?).map(|_| Self::read(from)).collect::<Result<_>>()?),
            "$" => {
                let Ok(length) = usize::try_from(number()?) else { return Ok(Self::Nothing) };
                let mut bytes = vec![0; length + 2];
                from.read_exact(&mut bytes)?;
                bytes.truncate(length);
                Self::Text(String::from_utf8_lossy(&bytes).into_owned())
            }
            _ => return Err(std::io::Error::other(format!("no answer of Redis: {line}"))),
        })
    }
}

/// Sends a command on a connection of its own.
pub(super) fn ask(address: SocketAddr, words: &[&str]) -> Result<Reply> {
    let mut stream = TcpStream::connect_timeout(&address, ANSWER)?;
    stream.set_read_timeout(Some(ANSWER))?;
    let said: String = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())).collect();
    stream.write_all(format!("*{}\r\n{said}", words.len()).as_bytes())?;
    Reply::read(&mut BufReader::new(stream))
}
