//! What people write under their pictures, scene by scene.

use crate::paint::Scene;

/// The words that go with a scene.
pub(super) struct Words {
    /// What the picture shows, for those who cannot see it.
    pub(super) alt_text: &'static str,
    /// Captions; each is used once before any comes again.
    pub(super) captions: &'static [&'static str],
    hashtags: &'static str,
    places: &'static str,
}

impl Words {
    /// Hashtags without `#`, from which a caption takes a few.
    pub(super) fn hashtags(&self) -> Vec<&'static str> {
        self.hashtags.split_whitespace().collect()
    }

    /// Real places where such a picture could have been taken; none where a place would be odd.
    pub(super) fn places(&self) -> Vec<&'static str> {
        self.places.split(" | ").filter(|place| !place.is_empty()).collect()
    }
}

/// Ways to mention a companion; `{}` is their username.
pub(super) const COMPANIONS: &[&str] = &[
    "With @{}, who carried the tripod.",
    "Thanks for the tip, @{}!",
    "@{} you have to come next time.",
    "Seen together with @{}.",
    "For @{}, who asked.",
    "Good company: @{} 🙌",
    "@{} says the other frame was better. It wasn't.",
    "cc @{}",
];

/// The words for a scene.
pub(super) fn words(scene: Scene) -> &'static Words {
    match scene {
        Scene::Mountains => &Words {
            alt_text: "Mountain ridges one behind another, fading into haze under a low sun.",
            captions: &[
                "Left the hut at four. Worth every yawn.",
                "Five ridges, one thermos, nobody else.",
                "The haze did all the work today, I just pointed the camera.",
                "Stood here until my tea froze.",
                "Nothing to add. The mountains said it all.",
                "Plan: summit. Result: sat on a rock for three hours looking at this.",
                "Same pass, different light. I will never be done with this place.",
                "First clear morning after nine days of rain.",
                "If you know this view, you know the climb. My knees send regards.",
                "Every layer is one more valley you'd have to cross.",
                "Blue, then paler blue, then a blue I have no word for.",
                "The map said two hours. The map has never met me.",
            ],
            hashtags: "mountains hiking alps sunrise layers outdoors goldenhour wanderlust",
            places: "Dolomites, Italy | Torres del Paine, Chile | Glencoe, Scotland | Triglav National Park, Slovenia \
                | Banff, Canada | Ladakh, India | Simien Mountains, Ethiopia | Kamikōchi, Japan",
        },
        Scene::Sea => &Words {
            alt_text: "The open sea under a low sun, its light glittering on the waves.",
            captions: &[
                "The tide doesn't care about your inbox.",
                "Wind 3, sea 2, mood 10.",
                "Counted the seconds between waves until I forgot why.",
                "Somewhere past that line is tomorrow.",
                "Salt in the lens, salt in the hair, no complaints.",
                "The sun took its time today and so did we.",
                "Last light before the harbour.",
                "My grandmother swam here every morning until she was eighty-four.",
                "No filter, just a very patient evening.",
                "Calm enough to hear the gulls argue.",
                "Day 12. Still water in every direction, still not bored.",
                "I came for ten minutes.",
            ],
            hashtags: "sea ocean sunset sailing coast saltlife horizon bluehour",
            places: "Hvar, Croatia | Lofoten, Norway | Nazaré, Portugal | Zanzibar, Tanzania | Big Sur, California | \
                Naxos, Greece | Galway Bay, Ireland | Palawan, Philippines",
        },
        Scene::Shore => &Words {
            alt_text: "A beach from above: parasols on the sand, foam and turquoise water.",
            captions: &[
                "Sunday from 80 metres.",
                "Find my towel.",
                "The sea draws a new map every seven seconds.",
                "Turquoise is not a colour here, it's a habit.",
                "Everybody brought a parasol except the person who took this picture.",
                "Low tide, high spirits.",
                "Foam on the beach, foam on the coffee. Good day.",
                "From up here even the ice cream queue looks peaceful.",
                "Permit in the pocket, dolphins somewhere left of the frame.",
                "Shade is a currency.",
                "This is where I learned to swim, badly.",
            ],
            hashtags: "beach fromabove aerial dronephotography summer coastline turquoise waves",
            places: "Praia da Marinha, Portugal | Bondi Beach, Sydney | Ipanema, Rio de Janeiro | Tulum, Mexico | Es \
                Trenc, Mallorca | Siargao, Philippines | Diani Beach, Kenya | Reynisfjara, Iceland",
        },
        Scene::NightSky => &Words {
            alt_text: "The Milky Way over dark hills under a sky full of stars.",
            captions: &[
                "Four hours from the nearest street lamp.",
                "20 s, f/1.8, ISO 3200, -6 °C, two pairs of socks.",
                "We stopped talking at about eleven. Nobody noticed.",
                "That faint smudge is two hundred billion suns.",
                "The car said 'low battery'. The sky said 'stay'.",
                "Turned the torch off and the universe on.",
                "Every dot is older than every worry I brought along.",
                "New moon, no wind, no words.",
                "Missed three meteors while changing batteries. Saw nine.",
                "The dog slept through all of it.",
                "Dark skies are a place you can go to. Go.",
            ],
            hashtags: "nightsky milkyway astrophotography stars darksky longexposure camping",
            places: "Atacama Desert, Chile | Aoraki / Mount Cook, New Zealand | La Palma, Canary Islands | Wadi Rum, \
                Jordan | Monument Valley, Arizona | Exmoor, England | NamibRand, Namibia",
        },
        Scene::Aurora => &Words {
            alt_text: "Green northern lights over snowy hills, mirrored in a still lake.",
            captions: &[
                "Kp 6 and not a cloud. I may have screamed.",
                "It makes no sound. You keep waiting for one.",
                "Twelve nights of cloud, then this for forty minutes.",
                "My neighbour came out in a dressing gown and we just stood there.",
                "The lake froze at the edges while I was setting up.",
                "Green is what the camera sees. I saw something like breathing.",
                "They danced until two. So did we.",
                "Alarm, boots, thermos, door. In that order.",
                "Grandpa says whistling makes it come closer. We did not whistle.",
                "The best show in town has no tickets and no schedule.",
                "Someone left the light on in the cabin. Someone left it on up there, too.",
            ],
            hashtags: "aurora northernlights auroraborealis arctic nightphotography winter lapland",
            places: "Tromsø, Norway | Abisko, Sweden | Þingvellir, Iceland | Inari, Finland | Yellowknife, Canada | \
                Lofoten, Norway | Fairbanks, Alaska",
        },
        Scene::Forest => &Words {
            alt_text: "Tall trunks in fog with shafts of light falling between them.",
            captions: &[
                "Fog is just the forest thinking.",
                "Walked in with a question, walked out without it.",
                "The only notification here is a woodpecker.",
                "It smelled of rain and mushrooms. I wish you could post that.",
                "Some of these were saplings when the railway came.",
                "Light through leaves has a word in Japanese. I just whispered 'oh'.",
                "Lost for twenty minutes. Recommended.",
                "The path goes on. It always does.",
                "Six in the morning, when the trees still have the place to themselves.",
                "My office. The coffee machine is terrible.",
                "Autumn or fog, pick two.",
            ],
            hashtags: "forest woods fog trees mist forestbathing intothewoods quiet",
            places: "Black Forest, Germany | Białowieża Forest, Poland | Redwood National Park, California | \
                Yakushima, Japan | Bwindi, Uganda | Småland, Sweden | Hoia Forest, Romania | Wistman's Wood, England",
        },
        Scene::Winter => &Words {
            alt_text: "Snowy slopes with laden pines and falling snow.",
            captions: &[
                "It snowed all night and the village forgot how to be loud.",
                "First tracks. Sorry, fox.",
                "-18 °C. Eyelashes: decorative.",
                "That cabin has one stove, two books and no signal.",
                "Shovelled for an hour, then it started again. Took a picture instead.",
                "The kind of cold that squeaks.",
                "Every tree got dressed up and nobody told us the occasion.",
                "Snow is just sky that stayed.",
                "Cocoa count today: four.",
                "Ski bus didn't come. Best day of the week.",
                "School's closed 🎉",
            ],
            hashtags: "winter snow snowday pines cabinlife coldoutside winterwonderland",
            places: "Hallstatt, Austria | Niseko, Japan | Åre, Sweden | Zakopane, Poland | Jasper, Canada | Rovaniemi, \
                Finland | Chamonix, France | Karakol, Kyrgyzstan",
        },
        Scene::City => &Words {
            alt_text: "A city skyline in the evening with lit windows under a glowing sky.",
            captions: &[
                "Every lit window is somebody deciding what to have for dinner.",
                "Golden hour lasts about eleven minutes between the towers.",
                "Twelve million people and this roof was empty.",
                "The city exhales at half past seven.",
                "I can see my bus stop from here. I cannot see my bus.",
                "New tower, old sunset.",
                "Took the stairs. All of them.",
                "The light is leaving, the lights are coming on.",
                "Moved here for a year. That was nine years ago.",
                "From the ferry it always looks like it forgives you.",
                "Overtime has a view.",
            ],
            hashtags: "city skyline cityscape rooftop architecture urban bluehour citylights",
            places: "Lagos, Nigeria | Hong Kong | Shibuya, Tokyo | Chicago, Illinois | São Paulo, Brazil | Istanbul, \
                Türkiye | Singapore | Frankfurt, Germany",
        },
        Scene::Rain => &Words {
            alt_text: "Coloured city lights out of focus behind a window covered in raindrops.",
            captions: &[
                "Rain on the tram window, line 9, end of the line.",
                "The city, redacted.",
                "Forgot the umbrella, remembered the camera.",
                "Every drop has the whole street in it, upside down.",
                "Monsoon tip: get the window seat and stop planning.",
                "Delayed by forty minutes. Not complaining.",
                "Listening to the roof.",
                "Neon tastes better wet.",
                "Left the wipers off on purpose.",
                "Somewhere in this blur is my front door.",
                "The taxi driver said: 'You paint?' I said: 'No, it's just raining.'",
            ],
            hashtags: "rain rainyday bokeh citylights windowseat moody afterdark neon",
            places: "Shinjuku, Tokyo | Ximending, Taipei | Seattle, Washington | Bergen, Norway | Mumbai, India | \
                Soho, London | Hamburg, Germany",
        },
        Scene::Facade => &Words {
            alt_text: "A brightly painted wall with shuttered windows and flower boxes in the sun.",
            captions: &[
                "Behind every shutter someone is having a nap.",
                "Two windows, one shadow, no notes.",
                "The neighbours compete in geraniums. Everybody wins.",
                "I asked about the paint. She said: 'My mother chose it in 1971.'",
                "Walls like this should be a public holiday.",
                "Noon. The only thing moving is the shadow.",
                "I could live here. I'd water the flowers. I'd be a new person.",
                "Street number 14, second floor, probably a cat.",
                "Colour is cheaper than therapy.",
                "Waited for the sun to cut it exactly in half.",
                "Collected wall no. 212.",
            ],
            hashtags: "facade architecture windows colours minimal streetphotography shutters lightandshadow",
            places: "Alfama, Lisbon | Burano, Italy | Cartagena, Colombia | Bo-Kaap, Cape Town | Essaouira, Morocco | \
                Trastevere, Rome | Nyhavn, Copenhagen | Guanajuato, Mexico",
        },
        Scene::Desert => &Words {
            alt_text: "Sand dunes with sharp crests, half in light and half in shadow.",
            captions: &[
                "The dunes had moved since Tuesday.",
                "Silence so complete you can hear your own watch.",
                "One step up, half a step back.",
                "The wind signs its work and then takes it away.",
                "42 °C at noon, a sweater at night.",
                "There are more shades of orange than I had words for.",
                "My shoes will never be empty again.",
                "Follow the crest, drink before you're thirsty, and don't race the camels.",
                "Half light, half shadow, all sand.",
                "An old man told me: the desert isn't empty, you are just loud.",
                "Rode out before sunrise. Came back a slower person.",
            ],
            hashtags: "desert dunes sand sahara goldenhour wilderness roadtrip minimalism",
            places: "Merzouga, Morocco | Sossusvlei, Namibia | Wahiba Sands, Oman | White Sands, New Mexico | Liwa \
                Oasis, UAE | Gobi, Mongolia | Siwa, Egypt",
        },
        Scene::Fields => &Words {
            alt_text: "Rows of crops in colour running to the horizon under a wide sky.",
            captions: &[
                "Straight rows, crooked farmer.",
                "Harvest starts on Monday. Tonight it's just ours.",
                "You smell it before you see it.",
                "Three generations planted this. One tractor, mostly broken.",
                "The bees were here first.",
                "All lines lead to dinner.",
                "Peak bloom lasts nine days. This is day four.",
                "Nobody told the sky to be this big.",
                "Please walk beside the rows, not in them 💛",
                "My grandfather measured fields in cigarettes: this one is seven.",
                "The countryside is not quiet, it just hums.",
            ],
            hashtags: "fields countryside harvest farmlife rural summer bloom landscape",
            places: "Valensole, France | Lisse, Netherlands | Furano, Japan | Palouse, Washington | Munnar, India | \
                Val d'Orcia, Italy | Luoping, China | Skåne, Sweden",
        },
        Scene::Flowers => &Words {
            alt_text: "Flowers in focus before a softly blurred meadow.",
            captions: &[
                "Kneeling in wet grass, as usual.",
                "They open at nine sharp. More punctual than me.",
                "Yes, they're real. Yes, I talked to them.",
                "Wild is the best kind of planned.",
                "Someone's verge, everyone's joy.",
                "Five minutes of sun between two showers.",
                "A bumblebee photobombed every other frame.",
                "Sown in March, forgotten in April, forgiven in June.",
                "Picked none, took plenty.",
                "My phone thinks it's a cabbage. It is not a cabbage.",
                "For the windowsill in my head.",
                "Petals: 10/10. Hay fever: also 10/10.",
            ],
            hashtags: "flowers meadow wildflowers spring macro botanical garden bloom",
            places: "Kew Gardens, London | Namaqualand, South Africa | Hitachi Seaside Park, Japan | Keukenhof, \
                Netherlands | Antelope Valley, California | Lalbagh, Bengaluru",
        },
        Scene::Balloons => &Words {
            alt_text: "Hot-air balloons drifting over soft hills in the morning.",
            captions: &[
                "Up at 3:40, in the air by six, breakfast by eight.",
                "Steering is mostly a rumour.",
                "The loudest quiet I know: burner on, burner off.",
                "Counted 41. Then lost count in the best way.",
                "The wind decides, we just bring the colours.",
                "Landed in a beetroot field. The farmer brought coffee.",
                "From down here they look like thoughts.",
                "First flight for a lady of 91 today. She asked if we could go higher.",
                "Ground crew view, best view.",
                "Nobody in the basket said a word until we landed.",
                "Cold feet, warm head, big grin.",
            ],
            hashtags: "hotairballoon balloons sunrise cappadocia flying morninglight adventure",
            places: "Göreme, Cappadocia | Bagan, Myanmar | Albuquerque, New Mexico | Château-d'Oex, Switzerland | \
                Bristol, England | Chambley, France | Vang Vieng, Laos",
        },
        Scene::Coffee => &Words {
            alt_text: "A cup of coffee from above on a table in window light.",
            captions: &[
                "Before this: nothing. After this: emails.",
                "The heart was meant to be a swan.",
                "Table by the window, phone face down.",
                "Ethiopian, washed, peaches all the way.",
                "New cup from the flea market. It has a chip and a past.",
                "Meeting moved. Thank you, whoever moved it.",
                "My handwriting before coffee is a medical document.",
                "The light does this for eleven minutes in the morning.",
                "Second one. Don't count.",
                "Pouring practice, day 63.",
                "Rain outside, crema inside.",
                "Closed the laptop. Opened the biscuits.",
            ],
            hashtags: "coffee latteart coffeetime slowmorning café barista flatlay morningcoffee",
            places: "Kreuzberg, Berlin | Fitzroy, Melbourne | Vesterbro, Copenhagen | Tomoca, Addis Ababa | Roma \
                Norte, Mexico City | Croix-Rousse, Lyon | Letná, Prague",
        },
        Scene::StillLife => &Words {
            alt_text: "Vases and fruit on a table before a plain wall in soft window light.",
            captions: &[
                "Moved the lemon four times. It was right the first time.",
                "Morning light, borrowed vase, stolen fruit.",
                "The wall did half the composition.",
                "Glaze test no. 17: finally, that blue-green I dreamt about.",
                "Sunday arrangement. Eaten by Monday.",
                "I like things that hold still.",
                "Market haul, before the pie.",
                "Thrown last winter, fired in May, in love since.",
                "Nothing happens in this picture, and it took all day.",
                "My mother's vase, my grandmother's table, my mess just out of frame.",
                "Studio corner, 10:40, north window.",
            ],
            hashtags: "stilllife ceramics windowlight pottery handmade studio slowliving fruit",
            places: "Oaxaca, Mexico | Vallauris, France | Faenza, Italy | Fez, Morocco | Mashiko, Japan",
        },
        Scene::Poster => &Words {
            alt_text: "An abstract print of flat, colourful shapes on paper.",
            captions: &[
                "Edition of 40, riso, three inks. Still smells of soy.",
                "Started with a circle. Stopped before it was clever.",
                "Client said 'make it pop'. I made it stop.",
                "Paper cut-outs on the studio floor, one very interested cat.",
                "Five colours and an opinion.",
                "Print no. 8 of the 'rooms I remember' series.",
                "The misregistration is the best part.",
                "Pattern study for a scarf. Or a wall. Or a life.",
                "Drew this on the train between two tunnels.",
                "Geometry is just manners for shapes.",
                "On the press today. Hands: orange.",
            ],
            hashtags: "poster graphicdesign printmaking abstract risograph geometry illustration artprint",
            places: "",
        },
    }
}
