"""What people hold facilities for, by kind of facility."""

from demo.values import Occasion

ROLES = (
    "data engineer",
    "lab technician",
    "product designer",
    "site electrician",
    "working student",
    "grants officer",
    "office manager",
    "backend developer",
)

SMALL_MEETINGS = (
    Occasion("One to one", (30,), (2, 2)),
    Occasion("Mid-year conversation", (45, 60), (2, 2), "Please bring the notes from last time."),
    Occasion("Call with {client}", (30, 45), (1, 3)),
    Occasion("Interview: {role}", (45, 60), (2, 4), "CV and questions are in the hiring folder."),
    Occasion("{team}: stand-up", (15, 30), (3, 6)),
    Occasion("Pairing on the import bug", (60, 90), (2, 2)),
    Occasion("Contract questions, {client}", (30, 45), (2, 4)),
    Occasion(
        "Dry run of tomorrow's talk", (30, 45), (2, 4), "Be kind, but time me.", hours=(13, 17)
    ),
    Occasion("Proofreading the annual report", (60, 90), (1, 3)),
    Occasion("Onboarding, first week", (60,), (2, 3), "Laptop, badge, tour of the building."),
    Occasion("Budget check", (30, 60), (2, 4)),
    Occasion("Quiet hour for the grant letter", (60, 120), (1, 1)),
    Occasion("Webinar", (60,), (1, 3)),
    Occasion("Mentoring", (45,), (2, 2)),
)

MEETINGS = (
    Occasion("{team}: weekly", (45, 60), (4, 8)),
    Occasion("{team}: planning", (60, 90), (4, 9), "Estimates beforehand, please."),
    Occasion("{team}: retrospective", (60, 90), (4, 8), "Sticky notes are in the drawer."),
    Occasion("Kick-off with {client}", (60, 90), (5, 12), "Coffee for the guests is ordered."),
    Occasion("{client}: quarterly review", (60, 90), (4, 10)),
    Occasion("Interview panel: {role}", (60, 75), (4, 5), "Debrief in the last ten minutes."),
    Occasion("Roadmap, second reading", (60, 90), (5, 10)),
    Occasion("Design review", (60,), (4, 8)),
    Occasion("Incident review", (45, 60), (4, 9), "What happened, not who did it."),
    Occasion("Supplier presentation", (60,), (4, 8)),
    Occasion("Works council", (90, 120), (5, 9)),
    Occasion("Reading group", (60,), (4, 8), "Chapters five and six this time."),
    Occasion("Demo of the new release", (30, 45), (6, 14)),
    Occasion("Budget round with {team}", (60, 90), (4, 7)),
    Occasion("Safety walk: preparation", (30, 45), (4, 6)),
    Occasion("Translation workshop", (90, 120), (4, 8)),
)

TRAININGS = (
    Occasion(
        "First aid refresher",
        (180, 240),
        (10, 20),
        "Comfortable clothes; we practise.",
        hours=(9, 14),
    ),
    Occasion("Fire wardens' briefing", (60, 90), (8, 18), hours=(9, 15)),
    Occasion("Spreadsheets without tears", (120, 180), (8, 16), "Bring your own laptop."),
    Occasion("{team}: away morning", (180, 240), (8, 20), hours=(9, 10)),
    Occasion("Town hall rehearsal", (60, 90), (6, 15), hours=(9, 16)),
    Occasion(
        "Partner workshop with {client}", (180, 240), (10, 28), "Lunch is at one.", hours=(9, 11)
    ),
    Occasion("Introduction to accessible documents", (120,), (8, 20)),
    Occasion(
        "Evening class: life drawing", (120,), (8, 18), "Easels are set up at six.", hours=(17, 19)
    ),
    Occasion("Volunteers' evening", (120,), (12, 30), hours=(17, 19)),
    Occasion(
        "Board game night", (150, 180), (8, 24), "Somebody please bring a long one.", hours=(17, 19)
    ),
    Occasion("Thesis defence, public part", (90, 120), (12, 30), hours=(10, 15)),
)

AUDITORIUM_EVENTS = (
    Occasion(
        "Open lecture: rivers and cities", (120,), (60, 110), "Doors open half an hour early."
    ),
    Occasion(
        "Product launch, {client}",
        (180, 240),
        (50, 100),
        "Livestream from the side desk.",
        hours=(10, 16),
    ),
    Occasion("Film evening", (150, 180), (40, 100), hours=(17, 19)),
    Occasion("Choir rehearsal", (120,), (25, 45), hours=(16, 19)),
    Occasion("Graduation of the evening school", (180,), (70, 115), hours=(10, 17)),
    Occasion(
        "Neighbourhood assembly",
        (120, 150),
        (40, 90),
        "Interpreters for Turkish and Farsi.",
        hours=(16, 19),
    ),
    Occasion("Stage set-up and lighting", (180, 240), (4, 8), hours=(8, 15)),
    Occasion("Panel: who owns the data?", (90, 120), (50, 100)),
)

DESK_DAYS = (
    Occasion("Desk for the day", (420, 480), (1, 1), hours=(8, 10)),
    Occasion("Focus morning", (180, 240), (1, 1), hours=(8, 10)),
    Occasion("Focus afternoon", (180, 240), (1, 1), hours=(12, 15)),
    Occasion("Writing up results", (240, 300), (1, 1)),
    Occasion("Between two appointments", (120,), (1, 1)),
    Occasion(
        "Month-end closing", (420, 480), (1, 1), "Second monitor needed, thank you.", hours=(8, 10)
    ),
    Occasion("Exam marking", (240,), (1, 1)),
)

TEAM_DESKS = (
    Occasion("{team} sits together", (420, 480), (3, 6), hours=(8, 10)),
    Occasion("Visitors from {client}", (240, 480), (2, 5), "They need a plug and a password."),
    Occasion("Release day", (420, 480), (2, 4), hours=(8, 10)),
    Occasion("Project room for a morning", (240,), (2, 5), hours=(8, 10)),
    Occasion("Interns' desk day", (360, 420), (2, 4), hours=(8, 11)),
    Occasion("Stocktaking, desk part", (180, 240), (2, 3)),
)

WATER_LAB = (
    Occasion("Sample series, upper river", (180, 240), (2, 4), "Cool box arrives by nine."),
    Occasion("Nitrate and phosphate run", (120, 180), (1, 3)),
    Occasion("Calibration of the probes", (90, 120), (1, 2)),
    Occasion(
        "Student practical", (180, 240), (5, 8), "Coats and goggles for everyone.", hours=(9, 14)
    ),
    Occasion("Plating and counting", (240, 300), (1, 3)),
    Occasion("Microplastics under the scope", (120, 180), (1, 3)),
    Occasion("Deep clean of the benches", (120,), (2, 4)),
)

MAKER_LAB = (
    Occasion("Laser cutter: induction", (90, 120), (3, 6), "Required before first use."),
    Occasion("Posters for {client}", (120, 180), (1, 3)),
    Occasion("Enclosure prototypes", (180, 240), (1, 3)),
    Occasion("Exhibition labels", (120, 240), (1, 4)),
    Occasion("Repair café, back room", (180, 240), (4, 8), "Toasters welcome."),
    Occasion("School class: type and ink", (120,), (6, 8), hours=(9, 14)),
    Occasion("Long print, do not disturb", (360, 480), (1, 1), hours=(8, 11)),
    Occasion("Friday night press", (120, 180), (3, 8), "Bring a drawing.", hours=(17, 21)),
    Occasion("Zine after hours", (120, 180, 240), (2, 6), hours=(20, 24)),
)

MATERIALS_LAB = (
    Occasion("Tensile series, steel", (180, 240), (1, 3)),
    Occasion(
        "Furnace programme, slow cool", (420, 480), (1, 2), "Hot until the evening.", hours=(8, 11)
    ),
    Occasion("Sample preparation", (120, 180), (1, 3)),
    Occasion("Fatigue run", (300, 420), (1, 2)),
    Occasion("Visit of {client}", (60, 90), (3, 5), "Shoe covers are by the door."),
    Occasion("Hardness tests", (90, 120), (1, 2)),
)

SEED_LAB = (
    Occasion("Germination counts", (90, 120), (1, 3)),
    Occasion("Cleaning and sorting the harvest", (180, 240), (3, 7), "Masks are in the cupboard."),
    Occasion("Moisture tests, millet", (120, 180), (1, 2)),
    Occasion("Farmers' visit", (90, 120), (5, 8)),
    Occasion("Cataloguing, lowland rice", (180, 300), (1, 3)),
    Occasion("Packing for the exchange", (120, 180), (2, 5)),
)

BADMINTON = (
    Occasion("Doubles", (60, 90), (4, 4)),
    Occasion("Singles", (60,), (2, 2)),
    Occasion("Beginners' hour", (60,), (3, 4), "Rackets are in the red bin."),
    Occasion("Mixed doubles", (60, 90), (4, 4)),
    Occasion("Training with Freya", (60,), (2, 3)),
)

TEAM_SPORT = (
    Occasion("Five-a-side", (60, 90), (8, 10)),
    Occasion("Pick-up game", (60, 90), (6, 10), "Bibs are in the crate.", hours=(10, 21)),
    Occasion("Training", (90,), (6, 12)),
    Occasion("Interns against everybody", (60,), (8, 10), hours=(12, 19)),
    Occasion("Women's team", (90,), (8, 12), hours=(10, 20)),
    Occasion("Children's hour", (60,), (6, 12), hours=(9, 17)),
    Occasion("League match", (90, 120), (10, 14), hours=(10, 20)),
)

STREET_BASKETBALL = (
    *TEAM_SPORT,
    Occasion("Threes under the lights", (60, 90), (6, 9), hours=(20, 25)),
    Occasion("Midnight league", (60, 120), (8, 12), "Whistles stay at home.", hours=(21, 24)),
)

SQUASH = (
    Occasion("Squash", (45, 60), (2, 2)),
    Occasion("Ladder match", (45, 60), (2, 2), "Best of five."),
    Occasion("Drills", (45,), (1, 2)),
    Occasion("Return match", (60,), (2, 2)),
)

TABLE_TENNIS = (
    Occasion("Table tennis", (45, 60), (2, 4)),
    Occasion("Round the table", (60,), (4, 4)),
    Occasion("Practice for the cup", (60, 90), (2, 4)),
    Occasion("Schools' team", (60, 90), (4, 4), hours=(10, 17)),
)

VAN_TRIPS = (
    Occasion(
        "Trade fair: stand and brochures",
        (420, 480),
        (2, 3),
        "Load at the rear door.",
        hours=(7, 9),
    ),
    Occasion("Collect the new chairs", (120, 240), (1, 2)),
    Occasion("Deliveries across town", (240, 300), (1, 2)),
    Occasion("Recycling yard", (120,), (1, 2)),
    Occasion("Sampling tour", (420, 480), (2, 3), hours=(7, 9)),
    Occasion("Furniture for {client}", (180, 240), (2, 3)),
)

BIKE_TRIPS = (
    Occasion("Post and parcels", (60, 90), (1, 1)),
    Occasion("Market run for the kitchen", (90, 120), (1, 1), hours=(7, 12)),
    Occasion("Flyers for the open day", (120, 180), (1, 1)),
    Occasion("Library returns", (60,), (1, 1)),
    Occasion("Cake transport", (60,), (1, 1), "Slowly over the cobbles."),
)

GROUP_TRIPS = (
    Occasion(
        "Site visit with {client}", (300, 480), (5, 11), "Meet at the gate ten minutes early."
    ),
    Occasion("Museum outing", (300, 420), (6, 12), hours=(8, 11)),
    Occasion("Airport pick-up", (120, 180), (3, 8)),
    Occasion("{team}: day out", (420, 480), (5, 11), hours=(7, 9)),
    Occasion("School class to the yard", (180, 240), (8, 12), hours=(8, 13)),
)

MOUNTAIN_TRIPS = (
    Occasion(
        "Field visit, Nuwakot",
        (420, 480),
        (3, 6),
        "Leave early: the road is one lane.",
        hours=(7, 9),
    ),
    Occasion("Gauge readings at Chobhar", (240, 300), (2, 4)),
    Occasion("Airport run", (90, 150), (2, 5)),
    Occasion("Seedlings to Lele", (300, 420), (2, 4)),
    Occasion("School programme, Bungamati", (240, 360), (3, 6), hours=(8, 11)),
    Occasion(
        "Trailhead drop", (420, 480), (4, 6), "Ropes and stretcher go on the roof.", hours=(7, 9)
    ),
)

KITCHEN = (
    Occasion(
        "Team cooking: {team}",
        (150, 180),
        (6, 12),
        "Vegetarian, with nuts on the side.",
        hours=(11, 18),
    ),
    Occasion("Recipe test", (120, 180), (2, 5)),
    Occasion("Birthday cake", (90, 120), (1, 3), hours=(10, 15)),
    Occasion("Sourdough course", (180,), (8, 12)),
    Occasion("Catering for {client}", (180, 240), (4, 8)),
    Occasion("Supper club", (180, 210), (8, 14), hours=(17, 18)),
)

STUDIO = (
    Occasion("Podcast: recording", (120,), (2, 4)),
    Occasion("Voice-over for the tour", (60, 90), (1, 3)),
    Occasion(
        "Band practice", (120, 150), (4, 5), "Drums are ours, amps are yours.", hours=(16, 19)
    ),
    Occasion("Audio book, chapter by chapter", (120, 180), (1, 2)),
    Occasion("Interview with {client}", (60, 90), (2, 4), hours=(10, 17)),
    Occasion("Mixing", (120, 180), (1, 2)),
)

ROOF_GATHERINGS = (
    Occasion("Drinks among the apple trees", (120, 180), (20, 50), hours=(16, 18)),
    Occasion(
        "Pruning with the gardeners", (120, 150), (6, 14), "Gloves in all sizes.", hours=(10, 15)
    ),
    Occasion("Lunch in the open", (60, 90), (8, 25), hours=(11, 13)),
    Occasion(
        "Reception for {client}",
        (120, 180),
        (20, 55),
        "Wet weather plan: Pattern Loft.",
        hours=(14, 18),
    ),
    Occasion("Yoga", (60,), (6, 18), hours=(10, 11)),
    Occasion("Farewell party", (150, 180), (20, 50), hours=(15, 18)),
    Occasion("Bee inspection", (60, 90), (2, 4), "Please stay behind the net.", hours=(11, 15)),
)

KILN_WORK = (
    Occasion("Throwing, beginners", (120, 150), (4, 8)),
    Occasion("Glazing", (120, 180), (2, 6)),
    Occasion(
        "Bisque firing", (420, 480), (1, 2), "Nobody opens the door but Hana.", hours=(10, 11)
    ),
    Occasion("Tiles for the courtyard", (180, 240), (2, 5)),
    Occasion("Open studio", (150, 180), (4, 9)),
)

SKY_WATCHING = (
    Occasion("Observing evening", (90, 120), (5, 15), "Warm clothes, no torches.", hours=(18, 21)),
    Occasion("Moon for beginners", (60, 90), (6, 18), hours=(18, 21)),
    Occasion("School night: planets", (90,), (12, 20), hours=(18, 19)),
    Occasion("Long exposure", (120, 180), (1, 3), hours=(19, 21)),
    Occasion("Sunset supper", (120,), (8, 16), hours=(16, 18)),
)
