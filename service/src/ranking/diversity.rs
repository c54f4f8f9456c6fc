//! Nobody floods a page. Pure.

use uuid::Uuid;

/// Neighbours among which one author's posts are counted: a page.
const RUN: usize = 20;

/// How many posts of one author stand among twenty neighbours, as long as others have something to show: those who come rarely
/// see more of whom they are close to, those who come often see more people.
pub(super) fn most_per_author(activity: f64) -> usize {
    (4.0 - 2.0 * activity.clamp(0.0, 1.0)).round() as usize
}

/// Brings posts, which come best first, into an order in which no two neighbours are of one author, and no author has more than
/// `most` among [`RUN`] neighbours. Each place is given to the best for which this holds; where there is none, to the best who
/// is not of the neighbour's author; where there is none either, to the best.
pub(super) fn spread<T>(best_first: Vec<T>, author: impl Fn(&T) -> Uuid, most: usize) -> Vec<T> {
    let mut waiting: Vec<T> = best_first;
    let mut placed: Vec<T> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let run = &placed[placed.len().saturating_sub(RUN - 1)..];
        let last = run.last().map(&author);
        let is_other = |post: &T| Some(author(post)) != last;
        let is_rare = |post: &T| run.iter().filter(|one| author(one) == author(post)).count() < most;
        let at = waiting
            .iter()
            .position(|post| is_other(post) && is_rare(post))
            .or_else(|| waiting.iter().position(is_other))
            .unwrap_or(0);
        placed.push(waiting.remove(at));
    }
    placed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spread_of(authors: &[u8], most: usize) -> Vec<(usize, u8)> {
        let posts: Vec<(usize, u8)> = authors.iter().copied().enumerate().collect();
        spread(posts, |(_, author)| Uuid::from_u128((*author).into()), most)
    }

    #[test]
    fn a_flood_is_spread() {
        let authors = |posts: Vec<(usize, u8)>| posts.into_iter().map(|(_, author)| author).collect::<Vec<u8>>();
        assert_eq!(authors(spread_of(&[1, 1, 1, 2, 3], 3)), [1, 2, 1, 3, 1]);
        assert_eq!(authors(spread_of(&[1, 1, 1, 1], 2)), [1, 1, 1, 1], "who is alone");
        assert_eq!(authors(spread_of(&[1, 1, 1, 2, 3, 2, 3], 2)), [1, 2, 1, 3, 2, 3, 1]);
        assert_eq!((most_per_author(0.0), most_per_author(0.6), most_per_author(1.0)), (4, 3, 2));
    }

    proptest! {
        #[test]
        fn everybody_is_placed_once_and_each_authors_order_stays(authors in prop::collection::vec(0_u8..6, 0..80), most in 2_usize..5) {
            let placed = spread_of(&authors, most);
            let mut numbers: Vec<usize> = placed.iter().map(|(number, _)| *number).collect();
            for author in 0..6 {
                let own: Vec<usize> = placed.iter().filter(|(_, of)| *of == author).map(|(number, _)| *number).collect();
                prop_assert!(own.is_sorted());
            }
            numbers.sort_unstable();
            prop_assert_eq!(numbers, (0..authors.len()).collect::<Vec<_>>());
        }

        #[test]
        fn nobody_has_more_while_others_have_something(authors in prop::collection::vec(0_u8..30, 40..120), most in 2_usize..5) {
            let placed = spread_of(&authors, most);
            for end in 0..placed.len() {
                let run = &placed[(end + 1).saturating_sub(RUN)..=end];
                let (_, author) = placed[end];
                let is_flood = run.iter().filter(|(_, of)| *of == author).count() > most;
                let is_second = end > 0 && placed[end - 1].1 == author;
                let before = &placed[(end + 1).saturating_sub(RUN)..end];
                let others = placed[end..].iter().any(|(_, other)| {
                    Some(*other) != before.last().map(|(_, of)| *of)
                        && before.iter().filter(|(_, of)| of == other).count() < most
                });
                prop_assert!(!(is_flood || is_second) || !others, "at {}", end);
            }
        }
    }
}
