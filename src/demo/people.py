"""The people of the demo: four who run the sites, and those who book at them."""

from demo.values import Person

HARBOUR = "Harbour Campus"
FOUNDRY = "Foundry Yard"
PATAN = "Patan Terrace"

DEMO_MEMBER = "maria"
"""The member whose token the demo hands out; has bookings in the days ahead."""

DEMO_STAFF = "ingrid"
"""The member of staff of the house whose token the demo hands out."""

STAFF = (
    Person("ingrid", "Ingrid Hansen", HARBOUR, "Campus team", "staff_of_house"),
    Person("emeka", "Emeka Nwosu", HARBOUR, "Campus team", "staff_of_site"),
    Person("desmond", "Desmond Clarke", FOUNDRY, "Yard office", "staff_of_house"),
    Person("nabin", "Nabin Maharjan", PATAN, "Terrace office", "staff_of_site"),
)

MEMBERS = (
    Person("maria", "Maria Oliveira", HARBOUR, "Product design"),
    Person("tomasz", "Tomasz Zieliński", HARBOUR, "Platform"),
    Person("aylin", "Aylin Demir", HARBOUR, "People"),
    Person("jonas", "Jonas Petersen", HARBOUR, "Delivery"),
    Person("linh", "Nguyễn Thùy Linh", HARBOUR, "Water chemistry"),
    Person("kwame", "Kwame Mensah", HARBOUR, "Outreach"),
    Person("freya", "Freya Lindqvist", HARBOUR, "Editorial"),
    Person("matteo", "Matteo Ricci", HARBOUR, "Kitchen lab"),
    Person("sana", "Sana Qureshi", HARBOUR, "Finance"),
    Person("oleh", "Oleh Kovalenko", HARBOUR, "Data"),
    Person("amara", "Amara Okafor", FOUNDRY, "Partnerships"),
    Person("diego", "Diego Hernández", FOUNDRY, "Fabrication"),
    Person("grace", "Grace Kim", FOUNDRY, "Research"),
    Person("marcus", "Marcus Bell", FOUNDRY, "Sales"),
    Person("leilani", "Leilani Kahale", FOUNDRY, "Exhibitions"),
    Person("yusuf", "Yusuf Abdi", FOUNDRY, "Mobile"),
    Person("rivka", "Rivka Stern", FOUNDRY, "Legal"),
    Person("wei", "Chen Wei 陈伟", FOUNDRY, "Materials"),
    Person("sita", "Sita Shrestha सीता श्रेष्ठ", PATAN, "Field programmes"),
    Person("pemba", "Pemba Sherpa", PATAN, "Mountain safety"),
    Person("anjali", "Anjali Gurung", PATAN, "Seed bank"),
    Person("rohan", "Rohan Mukherjee", PATAN, "Hydrology"),
    Person("hana", "Satō Hana", PATAN, "Ceramics"),
    Person("tenzin", "Tenzin Dolma", PATAN, "Schools"),
)

PEOPLE = (*STAFF, *MEMBERS)
