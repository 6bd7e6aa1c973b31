"""Harbour Campus: a coffee merchant's house and its sheds on the river in Hamburg."""

from datetime import time

from demo import occasions, rhythms
from demo.people import HARBOUR
from demo.values import Facility, Series, Site

FACILITIES = (
    Facility(
        name="Lighthouse",
        facility_type="room",
        capacity=12,
        amenities=("natural_light", "video_conferencing", "whiteboard", "wide_screen"),
        description=(
            "A round room at the top of the stair tower, with nine tall windows that follow the"
            " river from the shipyard cranes to the green dome of the landing stages. The oak"
            " table is cut from old mooring posts and still shows where the ropes ran. Two flights"
            " of stairs lead up to it, and there is no lift."
        ),
        rhythm=rhythms.OFFICE,
        occasions=occasions.MEETINGS,
        popularity=1.0,
    ),
    Facility(
        name="Kontor",
        facility_type="room",
        capacity=8,
        amenities=("coffee_machine", "step_free_access", "video_conferencing", "wide_screen"),
        description=(
            "Dark green tiles run at shoulder height around what was the coffee merchant's"
            " counting room, and his brass pendulum clock still keeps meetings to time. Eight cane"
            " chairs stand at a walnut table; the screen slides up into the panelling when it is"
            " not wanted."
        ),
        rhythm=rhythms.OFFICE,
        occasions=occasions.MEETINGS,
        popularity=0.9,
    ),
    Facility(
        name="Ebb",
        facility_type="room",
        capacity=4,
        amenities=("quiet_zone", "speakerphone", "step_free_access"),
        description=(
            "Four people fit around the porthole table and nobody fits a fifth. Grey felt on the"
            " walls swallows every sound, and the one narrow window looks straight down on the"
            " tide gauge at the quay."
        ),
        rhythm=rhythms.OFFICE,
        occasions=occasions.SMALL_MEETINGS,
        popularity=0.85,
    ),
    Facility(
        name="Flow",
        facility_type="room",
        capacity=4,
        amenities=("step_free_access", "whiteboard", "wide_screen"),
        description=(
            "Painted the orange of a life jacket from skirting board to ceiling, so that nobody"
            " stays longer than they meant to. A bench at standing height runs along the glass"
            " wall; opposite hang forty drawings of ships by the children of the street."
        ),
        rhythm=rhythms.OFFICE,
        occasions=occasions.SMALL_MEETINGS,
        popularity=0.75,
    ),
    Facility(
        name="Signal Box",
        facility_type="room",
        capacity=2,
        amenities=("power_outlets", "sound_isolation"),
        description=(
            "A glass telephone box rescued from a ferry terminal, lined with cork and just wide"
            " enough for two stools and a shelf. The ship's lamp over the door turns red as soon"
            " as somebody sits down."
        ),
        rhythm=rhythms.OFFICE,
        occasions=tuple(each for each in occasions.SMALL_MEETINGS if each.people[0] < 3),  # noqa: PLR2004 - there are two stools
        popularity=0.45,
    ),
    Facility(
        name="Chart Room",
        facility_type="room",
        capacity=24,
        amenities=(
            "air_conditioning",
            "hearing_loop",
            "power_outlets",
            "projector",
            "step_free_access",
            "whiteboard",
        ),
        description=(
            "Map drawers deep enough to sleep in hold the flip charts and cables, under a"
            " hand-coloured chart of the Elbe that nobody should steer by any more. Tables on"
            " castors roll into rows, islands or one long ribbon, and brass lids in the floor hide"
            " a socket at every second board."
        ),
        rhythm=rhythms.GATHERING,
        occasions=occasions.TRAININGS,
        popularity=0.9,
    ),
    Facility(
        name="Speicher Auditorium",
        facility_type="room",
        capacity=120,
        amenities=(
            "air_conditioning",
            "hearing_loop",
            "microphones",
            "piano",
            "projector",
            "stage",
            "step_free_access",
        ),
        description=(
            "Nine tiers of blue seats climb between the cast-iron columns of the spice store, and"
            " on damp days the beams still smell of pepper. The stage is bare larch under a row of"
            " dock lamps. Behind it, a door tall enough for a crate opens straight on to the quay."
        ),
        rhythm=rhythms.GATHERING,
        occasions=occasions.AUDITORIUM_EVENTS,
        popularity=0.5,
    ),
    Facility(
        name="Window Desk 12",
        facility_type="desk",
        capacity=1,
        amenities=("adjustable_desk", "docking_station", "dual_monitors", "natural_light"),
        description=(
            "The corner desk on the second floor, with barges to the left and the courtyard lime"
            " tree to the right. Someone has scratched a very small whale into the window frame."
        ),
        rhythm=rhythms.SOLITARY,
        occasions=occasions.DESK_DAYS,
        popularity=1.0,
    ),
    Facility(
        name="Pier Desks",
        facility_type="desk",
        capacity=4,
        amenities=("adjustable_desk", "docking_station", "power_outlets", "wired_network"),
        description=(
            "Four desks back to back on a platform of reclaimed jetty planks, fenced off by a"
            " waist-high hedge of rubber plants. Each has its own lamp made from a cargo hook, and"
            " the planks creak if you roll your chair too fast."
        ),
        rhythm=rhythms.SOLITARY,
        occasions=occasions.TEAM_DESKS,
        popularity=0.8,
    ),
    Facility(
        name="Elbe Wet Lab",
        facility_type="lab",
        capacity=10,
        amenities=("cold_storage", "eye_wash", "fume_hood", "microscope", "step_free_access"),
        description=(
            "White benches in a horseshoe around a stone sink as long as a rowing boat, with river"
            " water in labelled bottles on every sill. The fume hoods hum at the back; a window in"
            " the cold room door shows shelves of brown glass."
        ),
        rhythm=rhythms.BENCH,
        occasions=occasions.WATER_LAB,
        popularity=0.75,
    ),
    Facility(
        name="Boathouse Court",
        facility_type="court",
        capacity=4,
        amenities=("changing_rooms", "equipment_hire", "lockers", "showers"),
        description=(
            "A badminton court under the ribs of an upturned hull: the boathouse roof was built by"
            " people who knew only ships. Green floor, white lines, and old pennants hung high"
            " enough for the longest clear."
        ),
        rhythm=rhythms.SPORT,
        occasions=occasions.BADMINTON,
        popularity=0.9,
    ),
    Facility(
        name="Roof Court",
        facility_type="court",
        capacity=12,
        amenities=("changing_rooms", "drinking_water", "floodlights", "outdoor", "showers"),
        description=(
            "A cage of black netting on top of the warehouse, with a brick-red surface and a goal"
            " painted on each chimney breast. Gulls watch from the lift housing. The view of the"
            " harbour basins costs the home side at least one goal a match."
        ),
        rhythm=rhythms.SPORT,
        occasions=occasions.TEAM_SPORT,
        popularity=0.8,
    ),
    Facility(
        name="Van Tender",
        facility_type="vehicle",
        capacity=3,
        amenities=("electric", "first_aid_kit", "parking_permit", "roof_rack"),
        description=(
            "A white electric van with a blue waterline painted round it and three seats in the"
            " front. Lashing rails and a folded hand truck are in the back. It charges in the"
            " arch next to the bicycle shed and is good for about two hundred kilometres."
        ),
        rhythm=rhythms.ERRAND,
        occasions=occasions.VAN_TRIPS,
        popularity=0.8,
    ),
    Facility(
        name="Cargo Bike Heron",
        facility_type="vehicle",
        capacity=1,
        amenities=("child_seat", "electric"),
        description=(
            "Long, grey and patient, with a wooden box in front that takes six crates of apples or"
            " two small passengers. The bell is a ship's bell, and can be heard on the other bank."
        ),
        rhythm=rhythms.ERRAND,
        occasions=occasions.BIKE_TRIPS,
        popularity=0.7,
    ),
    Facility(
        name="Galley",
        facility_type="other",
        capacity=14,
        amenities=(
            "catering_allowed",
            "cold_storage",
            "drinking_water",
            "oven",
            "step_free_access",
        ),
        description=(
            "A teaching kitchen with two copper-hooded islands and a wall of blue enamel pots."
            " Steam runs down the north windows all winter. The long table at the end, scrubbed"
            " pale, seats everyone who has cooked."
        ),
        rhythm=rhythms.LEISURE,
        occasions=occasions.KITCHEN,
        popularity=0.8,
    ),
    Facility(
        name="Sound Hold",
        facility_type="other",
        capacity=5,
        amenities=("air_conditioning", "microphones", "piano", "sound_isolation"),
        description=(
            "Down eleven iron steps, where the wine was kept: a vaulted studio hung with quilted"
            " sailcloth. An upright piano, a drum kit and a table for four voices share the red"
            " carpet, and a bull's-eye window looks through to the mixing desk."
        ),
        rhythm=rhythms.LEISURE,
        occasions=occasions.STUDIO,
        popularity=0.7,
    ),
)

SERIES = (
    Series("Lighthouse", 0, time(9), 45, "Monday kick-off", "jonas", 11, "Ten minutes each."),
    Series("Chart Room", 0, time(17, 30), 90, "German for newcomers, A2", "aylin", 16),
    Series(
        "Elbe Wet Lab", 1, time(9), 240, "Tuesday samples", "linh", 4, "Bottles by half past eight."
    ),
    Series(
        "Kontor", 1, time(14), 90, "Design critique", "maria", 6, "Unfinished work is the point."
    ),
    Series("Roof Court", 1, time(18), 90, "Five-a-side, mixed", "oleh", 10),
    Series("Ebb", 2, time(11), 30, "One to one: Maria and Tomasz", "maria", 2),
    Series("Speicher Auditorium", 2, time(13), 60, "Campus assembly", "ingrid", 85, every_weeks=2),
    Series("Lighthouse", 3, time(10), 90, "Portfolio meeting", "tomasz", 9),
    Series("Kontor", 3, time(10), 60, "Finance weekly", "sana", 5),
    Series("Sound Hold", 3, time(13), 120, "River podcast", "freya", 3, "Guest at two o'clock."),
    Series("Boathouse Court", 3, time(18, 30), 90, "Badminton ladder", "maria", 4),
    Series(
        "Van Tender", 4, time(8, 30), 300, "Food bank round", "kwame", 2, "Crates go back empty."
    ),
    Series("Galley", 4, time(11, 30), 120, "Friday lunch together", "matteo", 12),
    Series("Lighthouse", 0, time(13, 30), 60, "Product round", "maria", 8),
)

SITE = Site(
    name=HARBOUR,
    time_zone="Europe/Berlin",
    rest_days=frozenset({5, 6}),
    clients=("Nordlicht Energie", "Hafenmuseum", "Reederei Jessen", "Stadtwerke", "Moin Media"),
    facilities=FACILITIES,
    series=SERIES,
)
