# ruff: noqa: E501 - lists are easier to read on long lines
"""Names and places of the sealed half; none of them stands in the development half."""

from benchmarks.labelled_notes.documents.people import Names, lines, words

SIXTH = Names(
    common_given=words(
        "Aaron Alberto Alfred Alice Alicia Amber Andre Angela Annette Arlene Arturo Audrey Beatrice Bernard Beverly Bruce Byron Carla "
        "Carmen Cecilia Charlene Clarence Claudia Connie Constance Craig Darlene Debra Denise Derek Dwayne Earnestine Edith Elaine Ella "
        "Enrique Erica Florence Francine Frederick Geraldine Gilbert Gwendolyn Hector Henrietta Herbert Ismael Jasmine Jeffrey Jeremy "
        "Josephine Julian Katrina Keith Kelvin Latasha Laurence Leroy Lucille Lydia Malik Marcella Marisol Marlene Maxine Melvin "
        "Mohamed Nathaniel Nelson Nicole Nora Orlando Pauline Philip Rachel Raymond Regina Roland Rosalind Rudolph Sabrina Salvador "
        "Shannon Sherman Tamika Thelma Trevor Velma Wallace Wilbur Winifred Xavier"
    ),
    common_family=words(
        "Albright Anand Andrade Archuleta Arnold Baldwin Ballard Bautista Beaumont Beltran Bernstein Blankenship Bowman Boyer Bukowski "
        "Cantrell Carrillo Castillo Cervantes Chavez Choi Conway Cunningham Davenport Dominguez Douglas Duarte Dunlap Eriksen Esposito "
        "Estrada Farrell Feldman Ferguson Friedman Fuentes Galvan Garrett Goldberg Griffith Guerrero Hamilton Harrington Henderson "
        "Herrera Hoffman Hutchinson Iyer Jamison Juarez Kapoor Kessler Khan Lambert Leblanc Levine Lozano Macdonald Marquez McBride "
        "McDaniel Mejia Middleton Mitchell Molina Moreno Mukherjee Narayan Navarro Nielsen Ochoa Orozco Osborne Padilla Park-Lee Pennington "
        "Perkins Qureshi Ramsey Rasmussen Robles Rosenthal Saunders Schaefer Shapiro Sheppard Sorensen Stevenson Sutton Takahashi Thornton "
        "Truong Underwood Valdez Vaughn Velasquez Wang Weinstein Whitfield Winslow Yoder Zamora Zhao"
    ),
    word_given=words(
        "Hope Joy Grace Jack Bill Gene Daisy Lily Robin Olive Angel Drew Rich Destiny Sky Amber Basil Cliff Rod"
    ),
    word_family=words(
        "King Green Black Hill Gray Hall Bell Fox Wolf Lamb Bishop Mason Carter Knight Early Good Strong Swift Waters Winter Storm "
        "Pain Ache Payne Hood Page Nurse Doctor Bone Root Berry Fisher Hardy Moody Walker"
    ),
    rare_given=words(
        "Ifeoma Oluwatobi Chinwe Emeka Sipho Ayodele Akosua Makena Thuy Ngoc Xinyi Guangming Min-seo Ye-jin Aishwarya Karthikeyan Harpreet Shanequa DeMarcus Ke'Shawn Da'Quan Lateefah Citlali Cuauhtemoc Moshe Chaya Katarzyna Zbigniew Aoife Caoimhe Kaimana Wambli"
    ),
    rare_family=words(
        "Eze Ogunleye Obasanjo Ndlovu Mutombo Boateng Mensah Haile Woldemichael Warsame Sengsavang Moua Lyfoung Hoang-Tran Ramanathan Balasubramanian Krishnaswamy Bhattacharya Rahmani Daneshvar Stavropoulos Krzyzewski Wisniewski Dzhugashvili Kamakawiwo Benally Manuelito Nez Diallo Traore"
    ),
    compound_family=lines(
        "de los Santos; van den Berg; von Braun; St. James; O'Sullivan; D'Amico; Del Toro; Mc Gee; Bar-Lev; De Jesus; Le Blanc; Van Dyke; da Silva; el-Masri; Di Stefano"
    ),
    nicknames=words(
        "Jimbo Betsy Hank Skip Nacho Bubba Tootie Cathy Meg Ollie Sal Duke Nonie Chip Fran Teddy Mimi Buster"
    ),
    cities=lines(
        "Tulsa; Reno; Omaha; Lubbock; Scranton; Boise; Shreveport; Flagstaff; Eau Claire; Winston-Salem; Baton Rouge; Oshkosh; Corpus Christi; Sioux Falls; Santa Rosa; Bangor; Beaumont; Provo; Coeur d'Alene; Port Arthur; Ypsilanti; Dubuque; Natchitoches; Mount Vernon"
    ),
    streets=lines(
        "Willow Bend Dr; South Fifth Avenue; NW Lovejoy St; Peachtree Rd NE; Magnolia Blvd.; Old Post Road; State Route 9; Elmwood Place; Camino Real; Hickory Trail; 3rd Ave N; Forest Hills Way; Prospect Street; Bayview Ct.; Farm to Market Road 1488; Kings Hwy"
    ),
    hospitals=lines(
        "St. Vincent Medical Center; Cedar Creek Community Hospital; Providence Hospital; Baptist Memorial Hospital; Golden Years Nursing Center; Sunrise Senior Living; Northside Urgent Care; Northwestern Memorial Hospital; Holy Cross; Valley View Rehab; Big Sky Cancer Center; Texas Children's Hospital; Shady Acres Skilled Nursing Facility; Canyon Orthopedic Group; Bayou Women's Clinic; Evergreen Behavioral Health"
    ),
    short_hospitals=words("UAB OHSU BWH UNM RUSH MUSC VUMC"),
    employers=lines(
        "Target; General Motors; UPS; Perdue Farms; Southwest Airlines; Lowe's; Boeing; Safeway; Hendrix Roofing; Publix; Jefferson High School; US Postal Service; Denny's"
    ),
)
