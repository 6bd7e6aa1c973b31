"""Foundry Yard: an iron foundry turned workshops in Brooklyn."""

from datetime import time

from demo import occasions, rhythms
from demo.people import FOUNDRY
from demo.values import Facility, Series, Site

FACILITIES = (
    Facility(
        name="Crucible",
        facility_type="room",
        capacity=16,
        amenities=(
            "air_conditioning",
            "catering_allowed",
            "step_free_access",
            "video_conferencing",
            "wide_screen",
        ),
        description=(
            "The boardroom hangs from the crane rails in a box of black steel and rippled glass,"
            " four metres above the casting floor. Inside it is all warm cherry wood and one very"
            " long table. When the delivery trucks come in, the water glasses ring."
        ),
        rhythm=rhythms.OFFICE,
        occasions=occasions.MEETINGS,
        popularity=0.75,
    ),
    Facility(
        name="Anvil",
        facility_type="room",
        capacity=6,
        amenities=("step_free_access", "whiteboard", "wide_screen"),
        description=(
            "Brick on three sides, chalkboard paint on the fourth, and the real anvil bolted to"
            " the floor as a doorstop. The skylight makes a bright square that crosses the table"
            " between ten and noon."
        ),
        rhythm=rhythms.OFFICE,
        occasions=occasions.MEETINGS,
        popularity=0.95,
    ),
    Facility(
        name="Quench",
        facility_type="room",
        capacity=3,
        amenities=("quiet_zone", "speakerphone"),
        description=(
            "The old quenching tank with a door cut into it: a curved, bottle-green steel shell"
            " lined with pale ash slats. Three low armchairs, a reading lamp, and a silence that"
            " visitors remark upon."
        ),
        rhythm=rhythms.OFFICE,
        occasions=occasions.SMALL_MEETINGS,
        popularity=0.9,
    ),
    Facility(
        name="Pattern Loft",
        facility_type="room",
        capacity=40,
        amenities=("hearing_loop", "microphones", "natural_light", "power_outlets", "projector"),
        description=(
            "Hundreds of wooden gear patterns, some taller than a person, cover the end wall of"
            " this sawtooth-roofed loft. North light falls evenly on forty stacking chairs and a"
            " floor of end-grain blocks. It is reached by the freight elevator, which sings."
        ),
        rhythm=rhythms.GATHERING,
        occasions=occasions.TRAININGS,
        popularity=0.85,
    ),
    Facility(
        name="Gantry Desk",
        facility_type="desk",
        capacity=1,
        amenities=("docking_station", "dual_monitors", "power_outlets"),
        description=(
            "One desk alone on the gantry, where the crane driver used to sit. You see the whole"
            " floor, and the whole floor sees you. Mind the yellow lever, which is still connected"
            " to something."
        ),
        rhythm=rhythms.SOLITARY,
        occasions=occasions.DESK_DAYS,
        popularity=0.8,
    ),
    Facility(
        name="Library Table",
        facility_type="desk",
        capacity=6,
        amenities=("natural_light", "power_outlets", "quiet_zone", "wired_network"),
        description=(
            "Six green-shaded lamps in a row down a table of slab maple, between shelves of trade"
            " catalogs and bound volumes on iron. A stepladder on a rail and a sleeping cat belong"
            " to the room; only one of them may be moved."
        ),
        rhythm=rhythms.SOLITARY,
        occasions=occasions.TEAM_DESKS,
        popularity=0.9,
    ),
    Facility(
        name="Print Shop",
        facility_type="lab",
        capacity=8,
        amenities=("dust_extraction", "first_aid_kit", "laser_cutter", "three_d_printer"),
        description=(
            "Two hand presses from the nineteenth century stand across the aisle from a laser"
            " cutter and a row of printers that lay down plastic instead of ink. Type cases line"
            " the walls, aprons hang by the door, and everything smells of linseed and warm"
            " acrylic."
        ),
        rhythm=rhythms.LATE_BENCH,
        occasions=occasions.MAKER_LAB,
        popularity=0.85,
    ),
    Facility(
        name="Testing Bay",
        facility_type="lab",
        capacity=5,
        amenities=("eye_wash", "fume_hood", "microscope", "wired_network"),
        description=(
            "A tensile rig the height of the room pulls steel bars apart behind a sheet of scarred"
            " polycarbonate. Next to it are two furnaces with glowing orange displays and a wall"
            " of broken samples, each with its date in white paint."
        ),
        rhythm=rhythms.BENCH,
        occasions=occasions.MATERIALS_LAB,
        popularity=0.75,
    ),
    Facility(
        name="Water Street Court",
        facility_type="court",
        capacity=12,
        amenities=("drinking_water", "floodlights", "outdoor", "scoreboard", "spectator_seats"),
        description=(
            "Half a basketball court between two brick gables, its backboard bolted to the old"
            " chimney. A local painter covered the asphalt with overlapping circles in teal,"
            " mustard and pink. Bleachers made of railroad ties get the last of the sun."
        ),
        rhythm=rhythms.LATE_SPORT,
        occasions=occasions.STREET_BASKETBALL,
        popularity=0.8,
    ),
    Facility(
        name="Glass Court",
        facility_type="court",
        capacity=2,
        amenities=("changing_rooms", "equipment_hire", "showers", "spectator_seats"),
        description=(
            "A squash court with a glass back wall, set down in the former boiler house like an"
            " aquarium. The maple boards are new and the white walls already carry the black"
            " commas of a hundred matches."
        ),
        rhythm=rhythms.HOURLY_SPORT,
        occasions=occasions.SQUASH,
        popularity=0.85,
    ),
    Facility(
        name="Minibus Ironsides",
        facility_type="vehicle",
        capacity=12,
        amenities=("air_conditioning", "first_aid_kit", "parking_permit", "step_free_access"),
        description=(
            "Oxblood red, with the yard's hammer on the doors and twelve seats in ribbed grey"
            " cloth. A ramp folds out at the side for a wheelchair. The cup holders are excellent,"
            " the turning circle is not."
        ),
        rhythm=rhythms.ERRAND,
        occasions=occasions.GROUP_TRIPS,
        popularity=0.75,
    ),
    Facility(
        name="Pickup Rusty",
        facility_type="vehicle",
        capacity=3,
        amenities=("first_aid_kit", "four_wheel_drive", "roof_rack"),
        description=(
            "A long-bed pickup the color of cinnamon, which hides what it is named for. Bench seat"
            " for three, rubber mat and ratchet straps in the bed, and a steel rack over the cab"
            " for anything up to sixteen feet."
        ),
        rhythm=rhythms.ERRAND,
        occasions=occasions.VAN_TRIPS,
        popularity=0.65,
    ),
    Facility(
        name="Roof Orchard",
        facility_type="other",
        capacity=60,
        amenities=("catering_allowed", "drinking_water", "outdoor", "power_outlets"),
        description=(
            "Twenty-two apple trees in steel tubs cast on this very site, with gravel paths"
            " between them and three beehives behind a net. Strings of bulbs zigzag over the long"
            " picnic tables. Beyond the parapet stand the bridge and the towers across the river."
        ),
        rhythm=rhythms.LEISURE,
        occasions=occasions.ROOF_GATHERINGS,
        popularity=0.7,
    ),
)

SERIES = (
    Series("Crucible", 0, time(10), 60, "Yard leadership", "amara", 10, "Numbers by Sunday night."),
    Series("Anvil", 0, time(14), 60, "Pipeline review", "marcus", 5),
    Series("Print Shop", 1, time(13), 180, "Open press afternoon", "leilani", 8),
    Series("Water Street Court", 1, time(18), 90, "Tuesday threes", "yusuf", 9),
    Series("Anvil", 2, time(11), 45, "Mobile: sprint review", "yusuf", 6),
    Series("Pattern Loft", 2, time(18), 120, "English conversation", "grace", 22, "All levels."),
    Series("Testing Bay", 3, time(9), 240, "Weld coupons", "wei", 3),
    Series("Quench", 3, time(15), 45, "Legal clinic", "rivka", 2, "Bring the paper itself."),
    Series("Glass Court", 3, time(12), 60, "Lunchtime ladder", "diego", 2),
    Series("Roof Orchard", 4, time(16, 30), 120, "Friday under the trees", "desmond", 35),
    Series(
        "Minibus Ironsides", 2, time(9), 300, "School visit shuttle", "leilani", 11, every_weeks=2
    ),
)

SITE = Site(
    name=FOUNDRY,
    time_zone="America/New_York",
    rest_days=frozenset({5, 6}),
    clients=("Gowanus Arts", "Bluebell Foods", "Hudson Rail", "Kessler & Ray", "Parks Department"),
    facilities=FACILITIES,
    series=SERIES,
)
