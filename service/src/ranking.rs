//! The ranked feed: the posts of the feed's window, what matters most to the viewer first.
//!
//! ```text
//!   likes, comments, saves, visits, views ──► affinity (bounded, decaying) ──┐
//!   impressions ──► post_impression ──┐                                      ▼
//!   window of the timeline ──► candidates ──► values of five factors ──► score ──► diversity ──► snapshot
//!                                                                                                  │
//!                                page: ids of the snapshot ──► the query that says who sees what ◄─┘
//! ```
//!
//! A snapshot is an order of ids, of all that the timeline holds, whether it is to be seen at the moment or not: as with the
//! timeline, the query that fetches the posts decides what stands in the page. So what is deleted or blocked vanishes at once,
//! what is unmuted is back at once, and whoever scrolls gets each post once. Below the window the feed goes on by time.
//!
//! Signals are written in the transaction of what they follow from, for people who have not opted out.

mod affinity;
mod candidate;
mod decay;
mod diversity;
mod habit;
mod impression;
mod item;
mod note;
mod order;
mod page;
mod score;
mod setting;
mod snapshot;
mod topic;
mod warm;

pub use affinity::{SUBJECTS, Signal, prune};
pub(crate) use affinity::{forget_author, forget_each_other, note_author, note_post, take_back};
pub(crate) use habit::opened;
pub use impression::{Impression, MOST_IMPRESSIONS, record, sweep};
pub(crate) use item::Items;
pub(crate) use note::Notes;
pub use note::visited;
pub use page::{Place, Placed, Ranked, feed};
pub use score::{Factor, Reason, Weights};
pub use setting::{Settings, SettingsChange, WeightsChange, settings, update_settings};
pub use warm::warm;
