use super::*;

fn world() -> World {
    World::imagine(7)
}

fn distinct<T: Eq + std::hash::Hash>(items: impl IntoIterator<Item = T>) -> bool {
    let mut seen = HashSet::new();
    items.into_iter().all(|item| seen.insert(item))
}

#[test]
fn a_seed_names_one_world() {
    let print = |world: &World| {
        let posts: Vec<_> = world.posts.iter().map(|p| (p.author, p.seed, p.caption.clone(), p.age)).collect();
        let stories: Vec<_> = world.stories.iter().map(|s| (s.author, s.seed, s.age)).collect();
        (posts, stories, world.follows.clone(), world.likes.clone())
    };
    assert_eq!(print(&world()), print(&world()));
    assert_ne!(print(&world()), print(&World::imagine(8)));
}

#[test]
fn people_can_sign_up_as_they_are() {
    let people = world().people;
    assert!(people.len() >= 36);
    assert!(distinct(people.iter().map(|person| person.username)));
    assert!(distinct(people.iter().map(|person| person.full_name)));
    assert!(distinct(people.iter().map(|person| person.avatar_seed)));
    for person in people {
        let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '_';
        assert!((3..=30).contains(&person.username.len()) && person.username.chars().all(valid), "{}", person.username);
        assert!(!person.username.starts_with('.') && !person.username.ends_with('.'));
        assert!((1..=100).contains(&person.full_name.chars().count()));
        assert!((1..=150).contains(&person.bio.chars().count()));
        assert!(person.scenes.len() >= 2 && distinct(person.scenes));
    }
}

#[test]
fn everybody_follows_some_and_a_few_are_popular() {
    for seed in 0..20 {
        let world = World::imagine(seed);
        assert!(distinct(&world.follows));
        assert!(world.follows.iter().all(|(follower, followed)| follower != followed));
        let mut following = vec![0; world.people.len()];
        let mut followers = vec![0; world.people.len()];
        for &(follower, followed) in &world.follows {
            following[follower] += 1;
            followers[followed] += 1;
        }
        assert_eq!(following[0], FIRST_PERSON_FOLLOWS);
        assert!(following.iter().all(|&count| count >= 3));
        followers.sort_unstable();
        // Chance alone would give the best-known tenth twice what the lesser-known half has.
        let mean = |counts: &[usize]| counts.iter().sum::<usize>() as f32 / counts.len() as f32;
        let tenth = world.people.len() / 10;
        let (head, rest) = (mean(&followers[followers.len() - tenth..]), mean(&followers[..followers.len() / 2]));
        assert!(head > 2.5 * rest, "{seed}: {head} against {rest}");
    }
}

#[test]
fn posts_are_many_various_and_in_order() {
    for seed in 0..20 {
        let world = World::imagine(seed);
        let posts = &world.posts;
        assert!(posts.len() >= 160);
        assert!(posts.windows(2).all(|pair| pair[0].age > pair[1].age), "oldest first");
        assert!(distinct(posts.iter().map(|post| post.seed)));
        assert!(distinct(posts.iter().map(|post| &post.caption)), "{seed}: a caption comes twice");
        for scene in Scene::ALL {
            assert!(posts.iter().filter(|post| post.scene == scene).count() >= 4, "{seed}: {scene:?} is rare");
        }
        for author in 0..world.people.len() {
            let count = posts.iter().filter(|post| post.author == author).count();
            assert!((3..=8).contains(&count));
        }
        assert!(posts.iter().all(|post| world.people[post.author].scenes.contains(&post.scene)));
        assert!(posts.iter().filter(|post| post.location.is_some()).count() > posts.len() / 2);
        assert!(posts.iter().all(|post| post.location.is_none_or(|place| place.chars().count() <= 200)));
    }
}

#[test]
fn captions_are_short_tagged_and_mention_people_who_exist() {
    let world = world();
    let usernames: HashSet<&str> = world.people.iter().map(|person| person.username).collect();
    let mut mentions = 0;
    for post in &world.posts {
        assert!(post.caption.chars().count() <= 2_200);
        assert!(post.caption.contains('#') && !post.caption.contains("{}"));
        for word in post.caption.split_whitespace().filter_map(|word| word.strip_prefix('@')) {
            let name = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            assert!(usernames.contains(name), "@{word} does not exist");
            assert_ne!(name, world.people[post.author].username);
            mentions += 1;
        }
    }
    assert!(mentions >= 10);
}

#[test]
fn likes_are_unique_foreign_and_follow_fame() {
    let world = world();
    assert!(distinct(&world.likes));
    assert!(world.likes.iter().all(|&(person, post)| world.posts[post].author != person));
    let mean = |known: &dyn Fn(u8) -> bool| {
        let posts: HashSet<usize> =
            (0..world.posts.len()).filter(|&post| known(world.people[world.posts[post].author].fame)).collect();
        world.likes.iter().filter(|(_, post)| posts.contains(post)).count() as f32 / posts.len() as f32
    };
    assert!(mean(&|fame| fame >= 7) > 1.5 * mean(&|fame| fame <= 4));
    assert!((800..4_000).contains(&world.likes.len()), "{} likes", world.likes.len());
}

#[test]
fn comments_answer_what_is_there_and_nobody_likes_their_own() {
    for seed in 0..20 {
        let world = World::imagine(seed);
        let comments = &world.comments;
        assert!((150..1_500).contains(&comments.len()), "{seed}: {} comments", comments.len());
        for (place, comment) in comments.iter().enumerate() {
            assert!((1..=1_000).contains(&comment.text.chars().count()) && !comment.text.contains("{}"));
            assert!(distinct(&comment.likes) && !comment.likes.contains(&comment.author));
            if let Some(answered) = comment.answers.map(|answered| &comments[answered]) {
                assert!(comment.answers < Some(place) && answered.answers.is_none());
                assert_eq!((answered.post, comment.author), (comment.post, world.posts[comment.post].author));
                assert!(comment.text.contains(&format!("@{}", world.people[answered.author].username)));
            }
        }
        assert!(comments.iter().any(|comment| comment.answers.is_some()));
        assert!(comments.iter().any(|comment| !comment.likes.is_empty()));
    }
}

#[test]
fn stories_fill_the_first_persons_tray() {
    for seed in 0..20 {
        let world = World::imagine(seed);
        assert!(world.stories.len() >= 12);
        assert!(world.stories.iter().all(|story| story.age < Duration::from_secs(23 * HOUR)));
        assert!(world.stories.iter().all(|story| story.height > story.width));
        let followed: HashSet<usize> = world
            .stories
            .iter()
            .map(|story| story.author)
            .filter(|&author| world.follows.contains(&(0, author)))
            .collect();
        assert!(followed.len() >= 8);
    }
}

#[test]
fn the_words_keep_their_limits() {
    for scene in Scene::ALL {
        let words = text::words(scene);
        assert!(words.captions.len() >= 10 && distinct(words.captions), "{scene:?}");
        assert!(words.hashtags().len() >= 4 && distinct(words.hashtags()), "{scene:?}");
        assert!(words.places().is_empty() == (scene == Scene::Poster) && distinct(words.places()), "{scene:?}");
        assert!(words.hashtags().iter().all(|tag| tag.chars().all(char::is_alphanumeric)), "{scene:?}");
        assert!((20..=300).contains(&words.alt_text.chars().count()), "{scene:?}");
    }
}
