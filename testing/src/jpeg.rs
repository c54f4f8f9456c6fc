//! What a JPEG file carries besides its pixels (ITU-T T.81, annex B).

/// The names of everything in the file that is no part of the picture: segments of applications other than JFIF's and
/// Adobe's colour transform, comments, and bytes behind the end.
///
/// # Panics
/// When it is no JPEG file, or not a whole one.
pub fn metadata(bytes: &[u8]) -> Vec<String> {
    assert!(bytes.starts_with(&[0xff, 0xd8]), "no JPEG file");
    let mut found = Vec::new();
    let mut at = 2;
    loop {
        assert_eq!(bytes[at], 0xff, "a marker at {at}");
        let marker = bytes[at + 1];
        if marker == 0xd9 {
            break;
        }
        let length = usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
        let payload = &bytes[at + 4..at + 2 + length];
        match marker {
            0xe0 if payload.starts_with(b"JFIF\0") => {}
            0xee if payload.starts_with(b"Adobe") => {}
            0xe0..=0xef => found.push(format!("APP{} {}", marker - 0xe0, name_of(payload))),
            0xfe => found.push("COM".to_owned()),
            _ => {}
        }
        at += 2 + length;
        if marker == 0xda {
            at += scan_length(&bytes[at..]);
        }
    }
    if at + 2 < bytes.len() {
        found.push(format!("{} bytes behind the end", bytes.len() - at - 2));
    }
    found
}

/// Bytes of entropy-coded data up to the next marker that is no restart.
fn scan_length(bytes: &[u8]) -> usize {
    let end = bytes.windows(2).position(|pair| pair[0] == 0xff && !matches!(pair[1], 0 | 0xd0..=0xd7));
    end.expect("a marker behind the scan")
}

fn name_of(payload: &[u8]) -> String {
    payload.iter().take(12).map(|byte| char::from(*byte)).filter(char::is_ascii_graphic).collect()
}
