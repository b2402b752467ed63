# ruff: noqa: E501 - lists are easier to read on long lines
"""Names and places of the development half."""

from benchmarks.labelled_notes.documents.people import Names, lines, words

FIFTH = Names(
    common_given=words(
        "Ashley Brandon Brittany Carlos Cheryl Curtis Darnell Diane Dolores Doris Edward Elena Ernesto Esther Eugene Evelyn Felicia "
        "Gerald Gloria Gregory Harold Heather Howard Irene Jacqueline Jamal Janet Jerome Joyce Juanita Kathleen Kyle Lamar Leonard "
        "Lillian Lorraine Louise Luis Marcus Marjorie Marvin Mildred Monique Natalie Norman Olga Pamela Pedro Phyllis Rafael Ramona "
        "Reginald Roberta Rodney Ronald Rosario Ruth Samuel Sheila Shirley Stanley Stephanie Sylvia Terrence Theresa Tiffany Travis "
        "Tyler Valerie Vanessa Vernon Veronica Vincent Virginia Wanda Wesley Yolanda Yvonne Zachary"
    ),
    common_family=words(
        "Abbott Acevedo Aguilar Alvarado Atkinson Barnett Becker Benson Bergstrom Blackwell Bradshaw Brennan Briggs Burgess Cabrera "
        "Calderon Callahan Cardenas Castaneda Chandler Cho Christensen Contreras Crawford Dalton Delgado Donovan Dudley Erickson "
        "Escobar Espinoza Figueroa Finnegan Fitzgerald Gallagher Gutierrez Hammond Hanson Hawkins Hendricks Holloway Huang Ibarra "
        "Jacobson Jennings Kaplan Kim Kowalski Larson Lindqvist Maldonado McAllister McCormick Mendoza Montgomery Nakamura Nguyen "
        "Novak Obrien Odonnell Olson Ortega Pacheco Patel Petersen Pham Quintero Ramirez Reyes Rosenberg Salazar Sandoval Schneider "
        "Schwartz Serrano Shah Simmons Singh Solomon Stephenson Suarez Tran Trujillo Vasquez Villarreal Wagner Washington Whitaker Yamamoto Zimmerman"
    ),
    word_given=words(
        "Rose May Will Grant Frank Faith Ivy Dawn Art Mark Pearl Summer Guy Chance Sandy Crystal Miles Rusty"
    ),
    word_family=words(
        "Young White Long Short Brown Rice Cook Baker Fields Banks Wells Bush Stone Woods Moon Day March Rivers Head Foot Hand Savage "
        "Love Sharp Small Park Bright Church Blood Hurt Pace Wall Cross Price"
    ),
    rare_given=words(
        "Adaeze Babatunde Chukwuemeka Nkechi Folasade Thandiwe Kofi Abena Quynh Phuong Xiaoling Zhihao Soo-jin Eun-hye Harshita Venkatesh Gurpreet Shaquita LaQuan D'Andre Ja'Nae Tremaine Itzel Xochitl Nahuel Yitzchak Rivka Aleksandra Bogdan Tadhg Noelani"
    ),
    rare_family=words(
        "Okonkwo Adebayo Nwachukwu Mbeki Tshabalala Owusu Asante Gebremariam Tesfaye Abdirahman Phommasack Vang Xiong Nguyenphuc Thiagarajan Venkataraman Subramaniam Chowdhury Siddiqui Hosseini Papadimitriou Wojciechowski Szczepanski Hrynkiewicz Kealoha Begaye Yazzie Tsosie Etcitty Ouedraogo"
    ),
    compound_family=lines(
        "de la Cruz; van der Meer; Von Hagen; St. Clair; O'Reilly; D'Angelo; Del Rio; Mac Donald; Ben-David; De Leon; La Fontaine; Van Buren; dos Reis; al-Hakim"
    ),
    nicknames=words(
        "Bill Bobby Peg Chuck Dot Lupe Trish Gus Mickey Sissy Butch Pepe Kiki Junior Ray Babs Tito Liz"
    ),
    cities=lines(
        "Fresno; Toledo; Spokane; Chattanooga; Bakersfield; Duluth; Schenectady; Pueblo; Macon; Yakima; Wilkes-Barre; Altoona; Kalamazoo; Sheboygan; Las Cruces; Terre Haute; St. Cloud; Paducah; Waukesha; Opelousas; Rancho Cucamonga; Elko; Fort Dodge; New Bedford"
    ),
    streets=lines(
        "Maple Grove Road; North 14th Street; W. Chestnut St; Sycamore Ln; Old Mill Rd.; Martin Luther King Jr. Blvd; Country Club Drive; SE Hawthorne Ave; County Road 12; Cedar Hollow Ct; E Broadway; Ridgeview Terrace; Via Del Mar; Lakeshore Pkwy; Sunset Cir; Highway 49 South"
    ),
    hospitals=lines(
        "Harborview Regional Medical Center; Mercy Hospital; St. Agnes Hospital; Blue Ridge Rehabilitation Center; Good Samaritan Medical Center; Oak Valley Nursing Home; Whispering Pines Assisted Living; Lakeland Family Clinic; Veterans Affairs Medical Center; University Hospital of Dane County; Sacred Heart; Piedmont Surgical Associates; Desert Springs Dialysis Center; Methodist Children's Hospital; Riverside Hospice; Elm Street Pediatrics"
    ),
    short_hospitals=words("MGH UCSF NYU CHOP UPMC BIDMC HUP"),
    employers=lines(
        "Walmart; Ford Motor; Amazon; Tyson Foods; Delta Airlines; FedEx; Home Depot; Costco; Peterson Trucking; Kroger; Lincoln Elementary School; US Steel; Jiffy Lube"
    ),
)
