# ruff: noqa: E501 - lists are easier to read on long lines
"""Names and places of the third set of documents, without those of the sealed half: the code takes them out."""

from dataclasses import fields

from benchmarks.labelled_notes.documents.names_sixth import SIXTH
from benchmarks.labelled_notes.documents.people import Names, lines, words

_ALL = Names(
    common_given=words(
        "Adrian Aisha Alan Alejandra Alfred Amber Amit Andre Angelica Annette Arturo Audrey Beatrice Bernard Beverly Bradley Camille "
        "Carmen Cecilia Claire Clifford Connie Corey Dana Darren Deborah Denise Derek Dominic Dwight Eileen Elias Emma Erica Fatima "
        "Fernando Francine Geoffrey Gina Gordon Guillermo Hannah Hector Heidi Ian Ingrid Isabel Ivan Jasmine Jill Joaquin Jordan Julian "
        "Karla Katrina Kendra Kurt Latoya Leah Leon Leticia Lloyd Lucille Malcolm Marcia Margarita Maureen Megan Melvin Mohammed Nadia "
        "Naomi Neil Nora Oscar Paula Perry Priscilla Ralph Randall Raquel Regina Renee Ricardo Rochelle Roland Rosemary Sabrina Salvador "
        "Sandra Sean Seth Sonia Stuart Tamara Tanya Todd Trevor Ursula Victor Vivian Wallace Winifred Xavier Yvette Zoe"
    ),
    common_family=words(
        "Adkins Alfaro Ansari Aquino Arroyo Bautista Beltran Bhatt Boone Bowman Boyle Buchanan Cantrell Carlson Castro Cisneros Clayton "
        "Conway Corrales Cummings Dang Delacroix Dempsey Dhillon Duarte Eaton Ellison Enriquez Farley Feldman Fischer Fleming Franco "
        "Garza Gill Goldstein Greer Guerrero Haas Haddad Hahn Hardin Hensley Hinojosa Horvath Ingram Iyer Jansen Jenkins Juarez Kapoor "
        "Kirby Koch Lam Landry Lee Levine Lopez Lozano Lucero Madden Mahoney Malik Marquez Mathis McBride McDaniel McGrath Medina Mejia "
        "Meyer Mitchell Monroe Nash Navarro Ng Nielsen Norris O'Connor O'Neill Ochoa Oh Osborne Park Paulsen Perkins Petrov Quinn Rao "
        "Rasmussen Reddy Rivas Rosales Rossi Rutledge Sato Saunders Schmidt Sharma Shelton Sosa Stein Strickland Sweeney Tanaka Thao "
        "Thornton Tobin Underwood Valdez Velasco Villanueva Vu Wallace Weber Weiss Whitehead Wilcox Yates Yoon Zamora Ziegler"
    ),
    word_given=words(
        "Hope Joy Autumn April June Ginger Daisy Robin Jack Rich Drew Dale Chase Earnest Amber Angel Precious Major Ruby"
    ),
    word_family=words(
        "Long Rush Burns Payne Pope Bishop Carter Lamb Frost Marsh Snow Swift Temple Winters Strong Grant Mills Cotton Ball Bell Berry "
        "Cannon Case Dean Drew English Farmer Fox Gates Glass Green Hardy Hood Keys Law Little Lord Major Mason Noble Power Sage Short "
        "Stern Stout Walker Ward West Wise Wood"
    ),
    rare_given=words(
        "Oluwaseun Ifeoma Chidinma Temitope Kwabena Ama Sizwe Lindiwe Nguyet Thanh Bao-Tran Min-jun Seo-yeon Haruto Xiuying Jianguo "
        "Lakshmi Srinivas Jaswinder Parvaneh Bahareh Nizhoni Ahiga Keanu Leilani Mairead Siobhan Caoimhe Zbigniew Katarzyna Oleksandr "
        "Svitlana Dzmitry La'Tasha DeShawn Ty'Quan Jhonatan Yareli Citlali Ixchel Menachem Shoshana Ngozi Amadou"
    ),
    rare_family=words(
        "Olayinka Chukwudi Mwangi Kamau Ndiaye Diallo Bekele Mengistu Dlamini Souvannavong Keomany Chanthavong Lor Moua Balasubramanian "
        "Krishnamurthy Gopalakrishnan Mukherjee Bhattacharya Farahani Moghaddam Karapetyan Hovhannisyan Konstantinou Papageorgiou "
        "Krzyzewski Brzezinski Wisniewska Kovalenko Shevchenko Manuelito Benally Peshlakai Kahananui Makoa Nguemo Traore Ouattara Zhvania"
    ),
    compound_family=lines(
        "De La Rosa; van den Berg; von Trapp; St. Pierre; O'Malley; D'Amico; Del Valle; Mac Gregor; Ben-Ami; De Santis; La Rue; Van Dyke; da Silva; al-Masri; El-Sayed; Abu-Bakr; ter Horst"
    ),
    nicknames=words(
        "Bubba Skip Nana Buddy Trey Mimi Cookie Red Duke Ace Cricket Pops Tink Mo Beto Chuy Nacho Dee Sonny Tootie"
    ),
    cities=lines(
        "Boise; Amarillo; Peoria; Scranton; Lubbock; Flagstaff; Bemidji; Ocala; Biloxi; Twin Falls; Eau Claire; Council Bluffs; St. Joseph; Fort Wayne; "
        "Sioux Falls; Baton Rouge; Zanesville; Winnemucca; Tonopah; Ville Platte; Truth or Consequences; Blytheville; Hazleton; Ypsilanti; Puyallup; "
        "Kaukauna; Coos Bay; Presque Isle; Snowflake; Chilhowie; Tarboro; Beeville; Eastport; Hot Springs; Elkhart; Medicine Lodge; Big Rapids; San Marcos; "
        "Guadalajara; Lagos; Port-au-Prince; Hanoi; Tegucigalpa"
    ),
    streets=lines(
        "Orchard Hill Road; South 9th Avenue; E. Juniper St; Magnolia Ln; Quarry Rd.; Cesar Chavez Blvd; Fox Run Drive; NW Overlook Ave; Farm to Market Road 1488; "
        "Birch Bend Ct; W Elm; Pleasant View Terrace; Calle Ocho; Harbor Pkwy; Canterbury Cir; Route 66; 3rd Street; Avenida Las Palmas; Rue Royale; Bayou Bend; Old Post Trl; Kings Highway"
    ),
    hospitals=lines(
        "Summit Ridge Regional Hospital; Trinity Medical Center; St. Bernadette Hospital; Cascade Rehabilitation Hospital; Our Lady of Grace Medical Center; "
        "Maple Leaf Care Center; Golden Acres Nursing and Rehab; Harmony House; Northgate Family Medicine; VA Hospital in Tampa; University of Montana Hospital; "
        "Holy Redeemer; Bayou Orthopedic Associates; Great Plains Kidney Center; Shriners Hospital for Children; Hickory Hospice; Lakewood Women's Health; "
        "Ochsner; Geisinger; Brigham; Mass General; Tri-County Urgent Care; Evergreen Behavioral Health; Rockdale Adult Day Center; Willow Creek Memory Care; "
        "Franklin Middle School; Iowa State University; First Baptist Church; Saint Anthony's; Providence; Sunnyside Manor; The Arbors at Westbridge; Ridgecrest Surgery Center"
    ),
    short_hospitals=words("OHSU UAB JMH HCMC MUSC UIHC BWH CHOC SLU LGH"),
    employers=lines(
        "Target; General Mills; UPS; Caterpillar; Southwest Airlines; Dollar General; Publix; Boeing; Walgreens; CVS; Rite Aid; Jackson's Auto Body; "
        "Delgado Roofing; Blue Moon Diner; Post Office; Dominion Energy; Acme Tool and Die; Riverbend School District; Lone Star Steel; Hampton Inn; Chili's; "
        "Bath Iron Works; Marriott; Nestle; Smith & Sons Plumbing; Tri-State Trucking; ConAgra; Pilgrim's Pride"
    ),
)


def _without(sealed: Names) -> Names:
    taken = {value for x in fields(sealed) for value in getattr(sealed, x.name)}
    return Names(**{x.name: tuple(v for v in getattr(_ALL, x.name) if v not in taken) for x in fields(_ALL)})


SEVENTH = _without(SIXTH)
