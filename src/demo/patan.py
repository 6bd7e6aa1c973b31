"""Patan Terrace: a courtyard house and its gardens in Lalitpur, in the Kathmandu valley."""

from datetime import time

from demo import occasions, rhythms
from demo.people import PATAN
from demo.values import Facility, Series, Site

FACILITIES = (
    Facility(
        name="Sagarmatha Hall",
        facility_type="room",
        capacity=30,
        amenities=("blackout_blinds", "drinking_water", "microphones", "projector", "whiteboard"),
        description=(
            "Five carved windows, each with a peacock in its lattice, open the hall to the north;"
            " after rain the white teeth of the Ganesh range stand in them. Cushions are stacked"
            " by the door for those who would rather sit on the floor. The boards are swept twice"
            " a day and are cool under bare feet."
        ),
        rhythm=rhythms.GATHERING,
        occasions=occasions.TRAININGS,
        popularity=1.0,
    ),
    Facility(
        name="Tulsi",
        facility_type="room",
        capacity=6,
        amenities=("natural_light", "step_free_access", "video_conferencing", "whiteboard"),
        description=(
            "Opens on the inner court and the holy basil that grows on its pedestal there, so the"
            " talk smells faintly of clove. A round table of sal wood, six rush stools, and a"
            " screen that folds away behind a painted shutter."
        ),
        rhythm=rhythms.OFFICE,
        occasions=occasions.MEETINGS,
        popularity=0.95,
    ),
    Facility(
        name="Lokta",
        facility_type="room",
        capacity=8,
        amenities=("air_conditioning", "speakerphone", "wide_screen"),
        description=(
            "Walls of handmade bark paper, lit from behind, make this inner room glow like a"
            " lantern at any hour. It has no window at all and is the better for it when the"
            " festival drums pass by."
        ),
        rhythm=rhythms.OFFICE,
        occasions=occasions.MEETINGS,
        popularity=0.75,
    ),
    Facility(
        name="Pigeon Loft",
        facility_type="room",
        capacity=3,
        amenities=("natural_light", "power_outlets", "quiet_zone"),
        description=(
            "Under the tiles, up a ladder with a rope for a handrail: a desk-high shelf, three"
            " stools and a round window over the roofs of Patan. The pigeons moved next door and"
            " have not stopped talking about it."
        ),
        rhythm=rhythms.OFFICE,
        occasions=occasions.SMALL_MEETINGS,
        popularity=0.7,
    ),
    Facility(
        name="Courtyard Desk",
        facility_type="desk",
        capacity=1,
        amenities=("adjustable_desk", "power_outlets", "wired_network"),
        description=(
            "A teak desk in the arcade, dry in the monsoon and shaded in May, facing the stone"
            " spout where the neighbours fill their copper jars. The company of sparrows is"
            " included."
        ),
        rhythm=rhythms.SOLITARY,
        occasions=occasions.DESK_DAYS,
        popularity=0.95,
    ),
    Facility(
        name="Monsoon Desks",
        facility_type="desk",
        capacity=4,
        amenities=("docking_station", "heated", "power_outlets", "wired_network"),
        description=(
            "Four places at a table under a tin roof painted sky blue: rain on it is so loud that"
            " calls end and reading begins. A row of rubber boots waits beneath the window, and a"
            " wood stove keeps January out."
        ),
        rhythm=rhythms.SOLITARY,
        occasions=occasions.TEAM_DESKS,
        popularity=0.7,
    ),
    Facility(
        name="Seed Lab",
        facility_type="lab",
        capacity=8,
        amenities=("cold_storage", "drinking_water", "microscope", "step_free_access"),
        description=(
            "Jars of rice, millet and barley in every brown there is stand shoulder to shoulder up"
            " to the ceiling beams. Two marble tables for sorting, brass scales beside digital"
            " ones, and a walk-in cooler with a frosted porthole."
        ),
        rhythm=rhythms.BENCH,
        occasions=occasions.SEED_LAB,
        popularity=0.8,
    ),
    Facility(
        name="Bagmati Water Lab",
        facility_type="lab",
        capacity=6,
        amenities=("cold_storage", "eye_wash", "fume_hood", "microscope"),
        description=(
            "A bright tiled room behind the garden wall, with a map of the river and a coloured"
            " pin for each sampling point. Bottles come in muddy through one hatch and leave clean"
            " through another. A barometer by the door is tapped by everyone who enters."
        ),
        rhythm=rhythms.BENCH,
        occasions=occasions.WATER_LAB,
        popularity=0.75,
    ),
    Facility(
        name="Table Tennis Pavilion",
        facility_type="court",
        capacity=4,
        amenities=("equipment_hire", "floodlights", "outdoor", "spectator_seats"),
        description=(
            "One blue table on a brick plinth beneath a four-posted roof, like a small temple to"
            " the game. Prayer flags serve as a wind gauge, and the steps on every side are full"
            " of advice."
        ),
        rhythm=rhythms.SPORT,
        occasions=occasions.TABLE_TENNIS,
        popularity=0.75,
    ),
    Facility(
        name="Futsal Ground",
        facility_type="court",
        capacity=14,
        amenities=("changing_rooms", "drinking_water", "floodlights", "lockers", "scoreboard"),
        description=(
            "Artificial grass the green of a parrot, netted on all sides where the terraces step"
            " down to the stream. At dusk four masts come on one by one and the bamboo behind the"
            " far goal turns silver. The scoreboard is slate, and so is the chalk dust on it."
        ),
        rhythm=rhythms.SPORT,
        occasions=occasions.TEAM_SPORT,
        popularity=0.9,
    ),
    Facility(
        name="Jeep Yeti",
        facility_type="vehicle",
        capacity=7,
        amenities=("child_seat", "first_aid_kit", "four_wheel_drive", "roof_rack"),
        description=(
            "Dented, cream-coloured and impossible to stop, with marigolds wired to the grille and"
            " a spare wheel on the tailgate. Seven seats, the last two sideways. The horn plays"
            " three notes and is used on bends."
        ),
        rhythm=rhythms.ERRAND,
        occasions=occasions.MOUNTAIN_TRIPS,
        popularity=0.75,
    ),
    Facility(
        name="Kiln Yard",
        facility_type="other",
        capacity=9,
        amenities=("drinking_water", "first_aid_kit", "kiln", "outdoor"),
        description=(
            "Kick wheels under a thatch roof, racks of pots drying pale in the sun, and a brick"
            " kiln shaped like a beehive. Glaze tests hang on strings like a curtain of buttons."
            " Bring clothes that have given up."
        ),
        rhythm=rhythms.LEISURE,
        occasions=occasions.KILN_WORK,
        popularity=0.8,
    ),
    Facility(
        name="Observatory Roof",
        facility_type="other",
        capacity=20,
        amenities=("blackout_blinds", "heated", "outdoor", "telescope"),
        description=(
            "The flat roof above the water tank, walled to keep the street lamps out. A white"
            " telescope stands under a rolling hood, quilts are folded in a tin trunk, and a brass"
            " line in the paving points at the pole star."
        ),
        rhythm=rhythms.NIGHT_SKY,
        occasions=occasions.SKY_WATCHING,
        popularity=0.95,
    ),
)

SERIES = (
    Series("Tulsi", 6, time(10), 60, "Week ahead", "sita", 6, "Tea is at a quarter to."),
    Series("Seed Lab", 0, time(9), 180, "Germination day", "anjali", 4),
    Series("Lokta", 1, time(11), 60, "Call with Harbour Campus", "rohan", 5),
    Series("Sagarmatha Hall", 1, time(17), 120, "Nepali for beginners", "tenzin", 18),
    Series("Bagmati Water Lab", 2, time(10), 180, "River samples", "rohan", 3),
    Series("Futsal Ground", 2, time(18), 90, "Wednesday league", "pemba", 14),
    Series("Sagarmatha Hall", 3, time(10), 240, "Mountain first aid", "pemba", 20, every_weeks=2),
    Series("Kiln Yard", 4, time(14), 150, "Friday clay", "hana", 8, "Beginners welcome."),
    Series("Jeep Yeti", 3, time(7, 30), 450, "School round, upper villages", "tenzin", 5),
    Series("Observatory Roof", 4, time(19), 120, "Observing club", "nabin", 12),
)

SITE = Site(
    name=PATAN,
    time_zone="Asia/Kathmandu",
    rest_days=frozenset({5}),  # Nepal works on Sundays.
    clients=("Lalitpur Dairy", "Patan Museum", "Himal Tea", "Upatyaka Bank", "Save the Springs"),
    facilities=FACILITIES,
    series=SERIES,
)
