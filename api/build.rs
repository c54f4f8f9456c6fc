//! Gathers the IDE's files and writes the Rust table through which `src/ide.rs` embeds them.
//!
//! Darkroom's own page, style and scripts come from `web/`. GraphiQL and React come from npm, at the versions and
//! hashes of `web/package-lock.json` and `web/assets.txt`; without npm, or when it fails, the page names the same bytes on
//! a CDN with the same hashes, and the build goes on. `DARKROOM_IDE_ASSETS` decides instead: `cdn` never asks npm, `npm`
//! refuses to build without it (for images and releases).

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha384};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Where the page finds GraphiQL when npm was not there: any path of a published package, byte for byte.
const CDN: &str = "https://cdn.jsdelivr.net";

/// npm's own time-outs are minutes long; a build must not hang on a dead network.
const NPM_TIMEOUT: Duration = Duration::from_secs(90);

/// What npm needs to install the pinned packages.
const NPM_FILES: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];

/// Darkroom's own files, in the order in which scripts run; they follow the packages' scripts.
const OWN_FILES: [&str; 3] = ["ide.css", "tabs.js", "ide.js"];

/// A file of a published package: one line of `web/assets.txt`.
struct Pinned {
    name: String,
    package: String,
    version: String,
    file: String,
    integrity: String,
}

/// A file that goes into the binary and is served under `/ide/<name>`.
struct Embedded {
    name: String,
    path: PathBuf,
    digest: [u8; 48],
}

fn main() -> Result<()> {
    let web = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../web");
    let web = web.canonicalize().map_err(|error| format!("{}: {error}; the API is built with it", web.display()))?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mode = env::var("DARKROOM_IDE_ASSETS").unwrap_or_default();
    println!("cargo:rerun-if-env-changed=DARKROOM_IDE_ASSETS");
    for name in NPM_FILES.iter().chain(&OWN_FILES).chain(&["assets.txt", "ide.html"]) {
        println!("cargo:rerun-if-changed={}", web.join(name).display());
    }

    let pinned = read_pins(&web.join("assets.txt"))?;
    let own = OWN_FILES.iter().map(|name| own_file(&web.join(name))).collect::<Result<Vec<_>>>()?;
    let packaged = match mode.as_str() {
        "cdn" => Vec::new(),
        "" | "npm" => match install(&web, &out, &pinned) {
            Ok(()) => verify(&out.join("ide"), &pinned)?,
            Err(reason) if mode == "npm" => return Err(format!("DARKROOM_IDE_ASSETS=npm: {reason}").into()),
            Err(reason) => {
                println!(
                    "cargo:warning=The IDE will load GraphiQL from {CDN}: {reason}. To embed it, provide npm and run \
                     `cargo clean -p darkroom-api`; to keep the CDN silently, set DARKROOM_IDE_ASSETS=cdn."
                );
                Vec::new()
            }
        },
        other => return Err(format!("DARKROOM_IDE_ASSETS is `{other}`; set it to `npm` or `cdn`, or unset it").into()),
    };

    let template = fs::read_to_string(web.join("ide.html"))?;
    let own_tags: Vec<String> = own.iter().map(|file| local_tag(&file.name)).collect();
    let local_tags: Vec<String> = pinned.iter().map(|pin| local_tag(&pin.name)).chain(own_tags.clone()).collect();
    let cdn_tags: Vec<String> = pinned.iter().map(cdn_tag).chain(own_tags).collect();
    fs::write(out.join("ide-embedded.html"), page(&template, &local_tags))?;
    fs::write(out.join("ide-cdn.html"), page(&template, &cdn_tags))?;
    write_table(&out.join("ide_assets.rs"), !packaged.is_empty(), packaged.iter().chain(&own))
}

fn read_pins(path: &Path) -> Result<Vec<Pinned>> {
    let text = fs::read_to_string(path)?;
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| match line.split(' ').collect::<Vec<_>>()[..] {
            [name, package, version, file, integrity] => Ok(Pinned {
                name: name.into(),
                package: package.into(),
                version: version.into(),
                file: file.into(),
                integrity: integrity.into(),
            }),
            _ => Err(format!("{}: not five fields: `{line}`; write it with `npm run pin`", path.display()).into()),
        })
        .collect()
}

/// One of Darkroom's own files, under a name that changes with its bytes, so that it may be cached for ever.
fn own_file(path: &Path) -> Result<Embedded> {
    let digest = sha384(&fs::read(path)?);
    let stem = path.file_stem().and_then(|part| part.to_str()).ok_or("a file name in web/ is not text")?;
    let extension = path.extension().and_then(|part| part.to_str()).ok_or("a file in web/ has no extension")?;
    Ok(Embedded { name: format!("{stem}-{}.{extension}", &hex(&digest)[..12]), path: path.into(), digest })
}

/// Puts the pinned files into `<out>/ide`, from npm unless they are there already. An `Err` is the reason for the CDN.
fn install(web: &Path, out: &Path, pinned: &[Pinned]) -> std::result::Result<(), String> {
    let ready = out.join("ide");
    if verify(&ready, pinned).is_ok() {
        return Ok(());
    }
    let work = out.join("web");
    let prepare = || -> Result<()> {
        fs::create_dir_all(&work)?;
        fs::create_dir_all(&ready)?;
        for name in NPM_FILES {
            fs::copy(web.join(name), work.join(name))?;
        }
        Ok(())
    };
    prepare().map_err(|error| format!("the build folder cannot be written ({error})"))?;
    npm_ci(&work)?;
    for pin in pinned {
        let from = work.join("node_modules").join(&pin.package).join(&pin.file);
        fs::copy(&from, ready.join(&pin.name)).map_err(|error| format!("{} is missing ({error})", from.display()))?;
    }
    // The packages hold far more than what is served.
    let _ = fs::remove_dir_all(work.join("node_modules"));
    Ok(())
}

/// Runs `npm ci` in `folder`; no package's own script ever runs.
fn npm_ci(folder: &Path) -> std::result::Result<(), String> {
    let log = folder.join("npm.log");
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let stderr = File::create(&log).map_err(|error| format!("{} cannot be written ({error})", log.display()))?;
    let mut child = Command::new(program)
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()
        .map_err(|error| format!("npm cannot be started ({error})"))?;
    // The pipe closes when npm ends: a wait with a time-out, which `Child` does not have.
    let (ended, end) = mpsc::channel();
    let output = child.stdout.take();
    thread::spawn(move || {
        let _ = output.map(|mut pipe| io::copy(&mut pipe, &mut io::sink()));
        let _ = ended.send(());
    });
    let in_time = end.recv_timeout(NPM_TIMEOUT).is_ok();
    if !in_time {
        let _ = child.kill();
    }
    match child.wait() {
        Ok(_) if !in_time => {
            Err(format!("`npm ci` took longer than {} s (see {})", NPM_TIMEOUT.as_secs(), log.display()))
        }
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`npm ci` failed ({status}; see {})", log.display())),
        Err(error) => Err(format!("npm cannot be waited for ({error})")),
    }
}

/// Holds each pinned file against its hash: the bytes embedded are the bytes that the CDN form promises.
fn verify(folder: &Path, pinned: &[Pinned]) -> Result<Vec<Embedded>> {
    pinned
        .iter()
        .map(|pin| {
            let path = folder.join(&pin.name);
            let digest = sha384(&fs::read(&path)?);
            let found = format!("sha384-{}", STANDARD.encode(digest));
            if found != pin.integrity {
                return Err(format!(
                    "{}/{} from npm has {found}, web/assets.txt says {}: after a change of versions run `npm run pin` \
                     in web/; otherwise do not trust the package",
                    pin.package, pin.file, pin.integrity
                )
                .into());
            }
            Ok(Embedded { name: pin.name.clone(), path, digest })
        })
        .collect()
}

/// The page's markup with the tags in place of `{{styles}}` and `{{scripts}}`.
fn page(template: &str, tags: &[String]) -> String {
    let select = |start: &str| {
        let lines: Vec<&str> = tags.iter().map(String::as_str).filter(|tag| tag.starts_with(start)).collect();
        lines.join("\n    ")
    };
    template.replace("{{styles}}", &select("<link")).replace("{{scripts}}", &select("<script"))
}

fn local_tag(name: &str) -> String {
    tag(&format!("ide/{name}"), "")
}

fn cdn_tag(pin: &Pinned) -> String {
    let url = format!("{CDN}/npm/{}@{}/{}", pin.package, pin.version, pin.file);
    tag(&url, &format!(r#" integrity="{}" crossorigin="anonymous""#, pin.integrity))
}

/// The tag that loads a style or a script; nothing for what is only served (licenses).
fn tag(url: &str, attributes: &str) -> String {
    match url.rsplit('.').next() {
        Some("css") => format!(r#"<link rel="stylesheet" href="{url}"{attributes}>"#),
        Some("js") => format!(r#"<script defer src="{url}"{attributes}></script>"#),
        _ => String::new(),
    }
}

/// Writes the table that `src/ide.rs` includes; `EMBEDDED` says which of the two pages is served.
fn write_table<'a>(path: &Path, embedded: bool, files: impl Iterator<Item = &'a Embedded>) -> Result<()> {
    let mut table = format!("const EMBEDDED: bool = {embedded};\n\nstatic ASSETS: &[Asset] = &[\n");
    for file in files {
        let content_type = match file.name.rsplit('.').next() {
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            _ => "text/plain; charset=utf-8",
        };
        let etag = format!("\"{}\"", &hex(&file.digest)[..32]);
        writeln!(
            table,
            "    Asset {{ name: {:?}, content_type: {content_type:?}, etag: {etag:?}, bytes: include_bytes!({:?}) }},",
            file.name, file.path
        )?;
    }
    table.push_str("];\n");
    fs::write(path, table)?;
    Ok(())
}

fn sha384(bytes: &[u8]) -> [u8; 48] {
    Sha384::digest(bytes).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
