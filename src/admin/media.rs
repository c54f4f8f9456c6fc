//! What happened to a photo.

use clap::Subcommand;
use darkroom_service::media::{self, Outcome, RunRow, Status, Trace, TracedObject, Use};
use darkroom_service::{App, Error, Result};
use uuid::Uuid;

use super::job;
use super::person::moment;

/// What can be asked of photos.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Task {
    /// Tell what happened to a photo: when it came, what its jobs did, which objects there are, what shows it.
    Media {
        /// Its id, as the API (`media_…`) or the log has it.
        #[arg(value_parser = photo)]
        id: Uuid,
    },
}

fn photo(id: &str) -> std::result::Result<Uuid, String> {
    let row = darkroom_schema::admin::photo_of(id).or_else(|| id.parse().ok());
    row.ok_or_else(|| "the id of a photo".to_owned())
}

/// Does it, and tells what came of it.
pub(crate) async fn run(app: &App, task: Task) -> Result<String> {
    let Task::Media { id } = task;
    let trace = media::trace(app, id).await?.ok_or_else(|| Error::not_found("id", "photo"))?;
    Ok(tell(&trace))
}

fn tell(trace: &Trace) -> String {
    let Trace { photo, accepted_at, used_by, removed_from, objects, runs, jobs } = trace;
    let mut lines = vec![
        format!("photo     {} of {}, {}", photo.id, photo.account_id, photo.content_type),
        format!("status    {}", status(photo.status)),
        format!("begun     {}", moment(photo.created_at)),
    ];
    let failure = photo.failure_code.as_deref().zip(photo.failure_message.as_deref());
    lines.extend(failure.map(|(code, message)| format!("failure   {code}: {message}")));
    lines.extend(accepted_at.map(|at| format!("accepted  {}", moment(at))));
    lines.push(match used_by {
        Some(Use::Post(id)) => format!("used by   post {id}"),
        Some(Use::Story(id)) => format!("used by   story {id}"),
        Some(Use::Avatar(id)) => format!("used by   profile of {id}"),
        None => "used by   nothing".to_owned(),
    });
    lines.extend(removed_from.map(|at| format!("removed   from {} on", moment(at))));
    lines.extend(runs.iter().map(of_run));
    lines.extend(jobs.iter().map(|row| format!("job       {}", job::line(row))));
    lines.extend(objects.iter().map(of_object));
    lines.join("\n")
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Uploading => "UPLOADING",
        Status::Processing => "PROCESSING",
        Status::Ready => "READY",
        Status::Failed => "FAILED",
    }
}

fn of_run(run: &RunRow) -> String {
    let outcome = match run.outcome {
        Outcome::Done => "done",
        Outcome::Refused => "refused",
        Outcome::Retried => "to be retried",
        Outcome::Dead => "dead",
    };
    let detail = run.detail.as_deref().unwrap_or("-").replace(char::is_control, " ");
    let (begun, ended) = (moment(run.begun_at), moment(media::ended_at(run)));
    format!("run       {}  attempt {}  {begun} to {ended}  {outcome}  {detail}", run.job_name, run.attempt)
}

fn of_object(object: &TracedObject) -> String {
    let there = match object.is_present {
        Some(true) => "there",
        Some(false) => "MISSING",
        None => "the store does not say",
    };
    format!("object    {}  {} bytes  {there}", object.key, object.byte_size)
}
