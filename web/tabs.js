// The tabs that the IDE opens with: a walk from sign-up to a live subscription, each a document that runs as it stands
// or says what to fill in. Comments stay within 50 columns, which a small window shows. `endpoint` is the absolute URL
// of the GraphQL API, `authorization` the value of the header of that name.
globalThis.darkroomUploadCommand = (endpoint, authorization) => `curl ${endpoint} \\
  -H 'Authorization: ${authorization.replaceAll("'", "")}' \\
  -H 'GraphQL-Require-Preflight: 1' \\
  -F operations='{
       "query": "mutation ($file: Upload!) { uploadMedia(input: {file: $file}) { media { id status } userErrors { message } } }",
       "variables": {"file": null} }' \\
  -F map='{"0": ["variables.file"]}' \\
  -F 0=@photo.jpg`;

globalThis.darkroomTabs = (endpoint) => [
  `# Welcome to Darkroom, the backend of a photo-sharing app.
#
# Run a query with the play button or Ctrl-Enter.
# Ctrl-Space completes names; the book at the left
# explains every type and field. Take the tabs in
# order: they lead from an account to a feed.

query Welcome {
  instance {
    version
  }
  viewer { # null until you sign in
    user {
      username
      fullName
    }
  }
}
`,
  `# Make an account: play, SignUp. If the name is
# taken, userErrors says so: choose another.
#
# Then press "Use this token" under the answer, or
# write this into Headers; every tab will send it:
#   { "Authorization": "Bearer <token>" }

mutation SignUp {
  signUp(
    input: {
      username: "ada"
      email: "ada@example.com"
      password: "correct horse battery"
      fullName: "Ada Lovelace"
    }
  ) {
    viewer {
      user {
        id
        username
      }
    }
    session {
      token
      expiresAt
    }
    userErrors {
      code
      field
      message
    }
  }
}

# You have an account already: play, SignIn.
mutation SignIn {
  signIn(input: { login: "ada", password: "correct horse battery" }) {
    viewer {
      user {
        id
        username
      }
    }
    session {
      token
      expiresAt
    }
    userErrors {
      code
      field
      message
    }
  }
}
`,
  `# Files are sent as multipart/form-data, which this
# editor cannot do; a terminal can. The button below
# the answer copies this, with your token in it:
#
${darkroomUploadCommand(endpoint, "Bearer <token>").replaceAll(/^/gm, "# ")}
#
# The answer has the media's id; it is PROCESSING.
# Put the id below and see it become READY.

query Upload {
  node(id: "PASTE-MEDIA-ID") {
    ... on Media {
      id
      status
      failure {
        code
        message
      }
      width
      height
      altText
      thumbnail: url(size: THUMBNAIL)
      medium: url(size: MEDIUM)
      large: url(size: LARGE)
    }
  }
}
`,
  `# A post is made of 1 to 10 media of your own. Its
# caption holds #hashtags and @mentions. Others see
# the post when all of its media are READY.

mutation CreatePost {
  createPost(
    input: {
      mediaIds: ["PASTE-MEDIA-ID"]
      caption: "First light #darkroom"
      location: "Lisbon"
    }
  ) {
    post {
      id
      caption
      hashtags
      createdAt
      media {
        status
        url(size: LARGE)
      }
    }
    userErrors {
      code
      field
      message
    }
  }
}
`,
  `# The posts of the people you follow, and your own,
# newest first (the default mode is RANKED). Add
# after: "<endCursor>" for the next page.

query Feed {
  feed(mode: FOLLOWING, first: 20) {
    edges {
      cursor
      node {
        id
        author {
          username
        }
        caption
        likeCount
        commentCount
        viewerHasLiked
        createdAt
        media {
          placeholder
          url(size: LARGE)
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,
  `# People with live stories, unseen ones first. Gone
# 24 hours after they were made. Add your own:
#
#   mutation CreateStory {
#     createStory(input: { mediaId: "PASTE-MEDIA-ID" }) {
#       story { id expiresAt }
#       userErrors { code message }
#     }
#   }

query Stories {
  storyTray(first: 20) {
    edges {
      node {
        user {
          username
        }
        hasUnseen
        stories {
          id
          createdAt
          expiresAt
          viewerHasSeen
          media {
            url(size: LARGE)
          }
        }
      }
    }
  }
}
`,
  `# One of your media, over a WebSocket: its state now
# and each change, until it is READY or FAILED.
# Upload, put the id here, play. The same button
# stops it.

subscription MediaProcessed {
  mediaProcessed(mediaId: "PASTE-MEDIA-ID") {
    id
    status
    failure {
      code
      message
    }
    width
    height
    url(size: MEDIUM)
  }
}
`,
];
