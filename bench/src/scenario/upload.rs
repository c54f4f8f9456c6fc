//! From a photo's first byte to READY, beside the pixels' work alone.

use std::time::Instant;

use anyhow::{Context, ensure};
use darkroom_media::Limits;
use darkroom_service::account::{self, NewAccount};
use darkroom_service::{App, Origin};
use futures::future::try_join_all;
use serde_json::json;

use super::{Effort, idle_memory, loaded_memory};
use crate::http::{self, Connection};
use crate::photo;
use crate::program::Deployment;
use crate::report::{Section, quantile};
use crate::stores::World;
use crate::usage;

/// Photos before the first that counts.
const WARM_UP: usize = 2;

/// Clients that upload at once in the second part.
const CLIENTS: usize = 4;

const UPLOAD: &str =
    "mutation($file: Upload!) { uploadMedia(input: { file: $file }) { media { id } userErrors { message } } }";
const WATCH: &str = "subscription($id: ID!) { mediaProcessed(mediaId: $id) { id status } }";
const BOUNDARY: &str = "darkroom-bench-boundary";

/// Measures it on a world of its own.
pub(crate) async fn run(section: &mut Section<'_>, world: &World, effort: Effort) -> anyhow::Result<()> {
    let photo = photo::photograph()?;
    section.add("size of the photo, 4000 × 3000", photo.len() as f64 / 1e6, "MB");
    let floor = pixels_alone(&photo, effort.photos.min(20))?;

    let app = world.open().await?;
    let client = Client::sign_up(&app, world, &photo).await?;
    app.database.close().await?;
    drop(app);

    let deployment = Deployment::start(world).await?;
    idle_memory(section, &deployment, "just started").await?;
    for _ in 0..WARM_UP {
        client.upload(&mut Connection::open(world.address).await?).await?;
    }

    let meter = world.meter(&deployment.pids())?;
    let (mut accepted, mut ready) = (Vec::new(), Vec::new());
    let mut connection = Connection::open(world.address).await?;
    for _ in 0..effort.photos {
        let took = client.upload(&mut connection).await?;
        accepted.push(took.accepted * 1e3);
        ready.push(took.ready * 1e3);
    }
    let (_, cpu) = meter.read()?;
    section.add("one after another: first byte → accepted, p50", quantile(&mut accepted, 0.5), "ms");
    section.beside(
        "first byte → READY, p50; floor: the pixels' work",
        quantile(&mut ready, 0.5),
        "ms",
        floor.wall * 1e3,
    );
    section.beside("first byte → READY, p95", quantile(&mut ready, 0.95), "ms", floor.wall * 1e3);
    per_photo(section, world, &deployment, &cpu, effort.photos, floor.cpu);

    let begun = Instant::now();
    try_join_all((0..CLIENTS).map(|_| async {
        let mut connection = Connection::open(world.address).await?;
        for _ in 0..effort.photos / CLIENTS {
            client.upload(&mut connection).await?;
        }
        anyhow::Ok(())
    }))
    .await?;
    let photos = (effort.photos / CLIENTS * CLIENTS) as f64;
    section.add(format!("{CLIENTS} clients at once: photos until READY"), photos / begun.elapsed().as_secs_f64(), "/s");
    loaded_memory(section, &deployment).await?;
    deployment.stop().await
}

/// CPU milliseconds a photo: all programs of ours together beside the floor, then one by one.
fn per_photo(
    section: &mut Section<'_>,
    world: &World,
    deployment: &Deployment,
    cpu: &[f64],
    photos: usize,
    floor: f64,
) {
    let each = |seconds: f64| seconds * 1e3 / photos as f64;
    let ours: f64 = cpu.iter().take(deployment.programs.len()).sum();
    section.beside("CPU a photo, our programs", each(ours), "ms", floor * 1e3);
    let names = deployment.programs.iter().map(|program| program.name);
    let names = names.chain(world.servers.iter().map(|(name, _)| *name));
    if cpu.len() > 1 {
        for (name, seconds) in names.zip(cpu) {
            section.add(format!("CPU a photo, {name}"), each(*seconds), "ms");
        }
    }
}

/// Seconds that one photo takes.
struct Floor {
    wall: f64,
    cpu: f64,
}

/// `darkroom_media::process` on the same bytes, on one thread, nothing else running.
fn pixels_alone(photo: &[u8], times: usize) -> anyhow::Result<Floor> {
    let process = || darkroom_media::process(photo, &Limits::default()).map_err(|failure| anyhow::anyhow!("{failure}"));
    process()?;
    let own = std::process::id();
    let (begun, before) = (Instant::now(), usage::cpu(own)?);
    for _ in 0..times {
        process()?;
    }
    let times = times as f64;
    Ok(Floor { wall: begun.elapsed().as_secs_f64() / times, cpu: (usage::cpu(own)? - before) / times })
}

/// A person who uploads.
pub(super) struct Client<'a> {
    world: &'a World,
    token: String,
    request: Vec<u8>,
}

/// Seconds since the first byte was sent.
pub(super) struct Took {
    /// Until it was acknowledged.
    pub(super) accepted: f64,
    /// Until it was READY.
    pub(super) ready: f64,
}

impl<'a> Client<'a> {
    /// Somebody new, with one photo to upload again and again.
    pub(super) async fn sign_up(app: &App, world: &'a World, photo: &[u8]) -> anyhow::Result<Self> {
        let new = NewAccount {
            username: "uploader".to_owned(),
            email: "uploader@example.test".to_owned(),
            password: "a good password".to_owned(),
            full_name: String::new(),
        };
        let (_, session) = account::sign_up(app, new, Origin { user_agent: "bench", address: None }).await?;
        Ok(Self { world, request: request(&session.token, photo), token: session.token })
    }

    /// Uploads the photo and waits for the event that says READY.
    pub(super) async fn upload(&self, connection: &mut Connection) -> anyhow::Result<Took> {
        let begun = Instant::now();
        let answer = http::data(connection.send(&self.request).await?)?;
        let id = answer["uploadMedia"]["media"]["id"].as_str().with_context(|| format!("not uploaded: {answer}"))?;
        let accepted = begun.elapsed().as_secs_f64();
        let body = json!({ "query": WATCH, "variables": { "id": id } }).to_string();
        let watch = http::post("text/event-stream", "application/json", &self.token, body.as_bytes());
        // On a connection of its own: an event stream ends with it.
        let mut events = Connection::open(self.world.address).await?;
        let ended = events.send_until(&watch, &["\"READY\"", "\"FAILED\"", "\"errors\""]).await?;
        ensure!(ended == 0, "the photo was not processed");
        Ok(Took { accepted, ready: begun.elapsed().as_secs_f64() })
    }
}

/// The upload as bytes, by the GraphQL multipart request specification.
fn request(token: &str, photo: &[u8]) -> Vec<u8> {
    let operations = json!({ "query": UPLOAD, "variables": { "file": null } });
    let part = |name: &str| format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"");
    let mut body = format!(
        "{}\r\n\r\n{operations}\r\n{}\r\n\r\n{}\r\n{}; filename=\"photo.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n",
        part("operations"),
        part("map"),
        json!({ "0": ["variables.file"] }),
        part("0"),
    )
    .into_bytes();
    body.extend_from_slice(photo);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    http::post("application/json", &format!("multipart/form-data; boundary={BOUNDARY}"), token, &body)
}
