# ruff: noqa: E501 - sentences and lists are easier to read on one line
"""Names, places and words to draw from, in four parts; the last shares nothing with the others."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Pool:
    """What one part of the notes draws from; `word_names` are ordinary words too."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    word_given: tuple[str, ...]
    word_family: tuple[str, ...]
    cities: tuple[str, ...]
    streets: tuple[str, ...]
    hospitals: tuple[str, ...]
    employers: tuple[str, ...]
    syllables: tuple[str, ...]

    def given_name(self, rng: Random) -> str:
        """A given name: one in fifteen an ordinary word, one in fifteen coined."""
        return self._draw(rng, self.given, self.word_given)

    def family_name(self, rng: Random) -> str:
        """A family name: one in fifteen an ordinary word, one in fifteen coined, one in fifteen double."""
        if rng.randrange(15) == 7:
            return f"{rng.choice(self.family)}-{rng.choice(self.family)}"
        return self._draw(rng, self.family, self.word_family)

    def _draw(self, rng: Random, names: tuple[str, ...], words: tuple[str, ...]) -> str:
        kind = rng.randrange(15)
        if kind == 0:
            return rng.choice(words)
        if kind == 1:
            return "".join(rng.choice(self.syllables) for _ in range(rng.choice((2, 3)))).capitalize()
        return rng.choice(names)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _lines(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";"))


TUNE = Pool(
    given=_words(
        "James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard Susan Joseph Jessica "
        "Thomas Karen Christopher Nancy Daniel Lisa Matthew Margaret Anthony Sandra Kimberly Donald Emily Steven Donna Paul "
        "Carol Andrew Amanda Joshua Melissa Kenneth Deborah Priya Rahul Ananya Wei Ming Xiuying Fatima Mohammed Ahmed Aisha "
        "Oluwaseun Chidi Ngozi Kwame Sofia Mateo Guadalupe Ximena Jesús María José Thanh Linh Hyun-woo Ji-young Dmitri Svetlana "
        "Siobhan Niamh Giuseppe Lakshmi Tyrone LaToya DeShawn Keisha"
    ),
    family=_words(
        "Smith Johnson Williams Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson Anderson Thomas "
        "Taylor Moore Jackson Martin Perez Thompson Harris Sanchez Clark Ramirez Lewis Robinson Walker Allen Wright Torres "
        "Nguyen Patel Kowalczyk O'Brien O'Connor McDonald MacArthur Raghunathan Krishnamurthy Zhang Huang Kim Park Choi "
        "Hussein Abdullahi Okafor Adeyemi Mensah Petrov Ivanova Schneider Hoffmann Rossi Esposito Fernández Muñoz Tran Pham "
        "Yamamoto Nakamura Goldstein Rosenberg Papadopoulos Johansson"
    ),
    word_given=_words("Hope Grace Rose April June Will Mark Frank Faith Joy"),
    word_family=_words("Young Brown White Long King Price Rice Cook Day Love"),
    cities=_lines(
        "Springfield; Worcester; Ypsilanti; Tulsa; Baton Rouge; Santa Fe; St. Paul; Chattanooga; Fort Wayne; Schenectady; "
        "Boise; Flagstaff; Duluth; Poughkeepsie; Kalamazoo; Savannah"
    ),
    streets=_lines(
        "Maple Street; Oak Hill Rd; N. Washington Ave; Elm St; Martin Luther King Jr Blvd; Sunset Drive; 42nd Street; "
        "West Lake Road; Cherry Ln; Abernathy Court; Pine Ridge Way; Old Mill Pkwy"
    ),
    hospitals=_lines(
        "Mercy General Hospital; St. Luke's Medical Center; Springfield Memorial Hospital; University of Vermont Medical Center; "
        "Riverside Community Clinic; Cedar Grove Nursing Home; Beth Abraham Rehabilitation Center; Kowalski Family Clinic"
    ),
    employers=_lines("Walmart; Boeing; Lockheed; Costco; Kroger; Raytheon"),
    syllables=_words("vel dra mo shi ran tek lo bru ska nem dor ghi pol wyn tar zub"),
)
MORE = Pool(
    given=_words(
        "Charles Sarah Brian Betty George Ashley Edward Dorothy Ronald Stephanie Timothy Rebecca Jason Sharon Jeffrey Laura Ryan "
        "Cynthia Jacob Kathleen Gary Amy Nicholas Angela Eric Shirley Jonathan Anna Stephen Brenda Larry Pamela Justin Emma "
        "Brandon Nicole Vikram Deepa Sanjay Yuki Haruto Chen Mei Omar Yasmin Ibrahim Zainab Emeka Adaeze Kofi Alejandro "
        "Valentina Diego Luz Ramón Inés Minh Huong Seo-yeon Boris Olga Ciarán Aoife Francesca Lorenzo Jamal Shanice DeAndre"
    ),
    family=_words(
        "Scott Adams Nelson Carter Mitchell Roberts Gomez Phillips Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart "
        "Morris Morales Murphy Rogers Gutierrez Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos Cox Ward "
        "Richardson Watson Chavez Bennett Mendoza Ruiz Hughes Alvarez Castillo Sanders Patterson Jimenez Srinivasan Gupta "
        "Banerjee Lin Yang Tanaka Suzuki Cho Haddad Farouk Balogun Eze Boateng Volkov Sokolova Schmidt Weber Ricci D'Angelo "
        "Núñez Ibáñez Vo Dang Levy Feinberg Stavros Lindqvist O'Sullivan McCarthy"
    ),
    word_given=_words("May Dawn Ruby Violet Art Gene Bill Drew Chase Amber"),
    word_family=_words("Green Black Bell Stone Wood Fox Banks Fields Small Church"),
    cities=_lines(
        "Lowell; Des Moines; Spokane; Tucson; El Paso; Corpus Christi; St. Cloud; Knoxville; Grand Rapids; Binghamton; Topeka; "
        "Sarasota; Bangor; Yonkers; Muskegon; Albuquerque"
    ),
    streets=_lines(
        "Chestnut Street; Birch Hollow Rd; S. Jefferson Ave; Walnut St; Cesar Chavez Blvd; Meadow Drive; 118th Avenue; "
        "East Bay Road; Juniper Ln; Thornton Place; Willow Bend Circle; Quarry Hwy"
    ),
    hospitals=_lines(
        "Holy Cross Hospital; St. Vincent's Medical Center; Lowell General Hospital; University of Iowa Hospital; "
        "Lakeshore Family Clinic; Harbor View Nursing Home; Sacred Heart Rehabilitation Center; Tanaka Eye Clinic"
    ),
    employers=_lines("Amazon; Caterpillar; Safeway; Honeywell; Publix; Northrop"),
    syllables=_words("kal ish bor ve nul fra dim zo hest quil jan mor tiv os lem gra"),
)
THIRD = Pool(
    given=_words(
        "Frank Diane Scott Julie Raymond Joyce Gregory Victoria Samuel Kelly Patrick Christina Alexander Lauren Jack Joan Dennis "
        "Evelyn Jerry Olivia Tyler Judith Aaron Megan Jose Cheryl Nathan Andrea Henry Hannah Douglas Jacqueline Peter Martha Adam "
        "Gloria Zachary Teresa Arjun Kavita Nikhil Meera Kenji Sakura Jun Lan Khalid Layla Tariq Amina Tunde Folasade Abena "
        "Javier Camila Rodrigo Beatriz Andrés Sofía Quang Trang Min-jun Ha-eun Igor Natasha Eoin Caoimhe Marco Chiara Darnell "
        "Ebony Marquis Latonya"
    ),
    family=_words(
        "Gray James Watson Brooks Sanders Price Barnes Ross Henderson Coleman Jenkins Perry Powell Long Butler Simmons Foster "
        "Gonzales Bryant Alexander Russell Griffin Hayes Myers Ford Hamilton Graham Sullivan Wallace Woods Cole West Jordan Owens "
        "Reynolds Ellis Vasquez Harrison Gibson McDaniel Kennedy Wells Vargas Tucker Porter Hunter Hicks Crawford Iyer Reddy "
        "Chowdhury Mehta Liu Wu Xu Sato Kobayashi Shin Han Rahman Qureshi Okonkwo Achebe Asante Popov Morozova Becker Fischer "
        "Bianchi Marino Peña Cárdenas Bui Lam Katz Shapiro Andreou Bergström O'Donnell McKenzie"
    ),
    word_given=_words("Autumn Summer Crystal Pearl Olive Rich Pat Sandy Lance Heath"),
    word_family=_words("Rivers Waters Snow Frost Bush Park Mason Baker Fisher Bond"),
    cities=_lines(
        "Everett; Peoria; Little Rock; Bellingham; Cedar Rapids; Amarillo; Fayetteville; St. Joseph; New Haven; Provo; "
        "Eau Claire; Pensacola; Lansing; Shreveport; Hoboken; Terre Haute"
    ),
    streets=_lines(
        "Sycamore Street; Fox Run Rd; E. Lincoln Ave; Spruce St; Rosa Parks Blvd; Hillcrest Drive; 7th Avenue; South Shore Road; "
        "Magnolia Ln; Winding Brook Court; Heron Point Way; Lakeview Terrace"
    ),
    hospitals=_lines(
        "Good Samaritan Hospital; St. Francis Medical Center; Pensacola General Hospital; University of Utah Hospital; "
        "Northside Family Clinic; Golden Acres Nursing Home; Mount Carmel Rehabilitation Hospital; Shapiro Heart Clinic"
    ),
    employers=_lines("FedEx; Toyota; Macy's; Tyson; Wegmans; Halliburton"),
    syllables=_words("pra vek lun dri sot ane gul mir tosh bex cal wun ere nak fy jol"),
)
FOURTH = Pool(
    given=_words(
        "Walter Katherine Harold Rachel Kyle Carolyn Carl Janet Jeremy Maria Roger Heather Keith Catherine Gerald Samantha Terry "
        "Debra Lawrence Ruth Sean Virginia Christian Marie Austin Denise Arthur Marilyn Noah Danielle Jesse Abigail Suresh Divya "
        "Harish Pooja Takeshi Naomi Hao Ling Mustafa Salma Bilal Khadija Obinna Chiamaka Yaw Esi Ricardo Gabriela Fernando Rosa "
        "Héctor Mónica Tuan Mai Sung-ho Yu-na Sergei Tatiana Declan Orla Paolo Elena Terrence Monique Lamar Tanisha"
    ),
    family=_words(
        "Peterson Gibson Stevens Marshall Daniels Freeman Webb Simpson Kennedy Payne Warren Dixon Ramsey Burton Hart Cunningham "
        "Bradley Lawson Carroll Duncan Snyder Medina Fowler Brewer Hoffman Carlson Silva Pearson Holland Douglas Fleming Jensen "
        "Vega Mcguire Soto Terrell Delgado Pena Rios Maldonado Guerrero Fuentes Natarajan Bhatt Joshi Desai Chang Feng Deng Ito "
        "Watanabe Lim Yoon Bashir Mansour Nwosu Uche Ofori Kuznetsov Lebedeva Keller Vogel Greco Conti Quintana Zúñiga Huynh Ngo "
        "Horowitz Kaplan Nikolaidis Eriksson O'Reilly McCoy"
    ),
    word_given=_words("Jade Ivy Hazel Reed Cliff Robin Angel Destiny Ginger Dale"),
    word_family=_words("Hunt Pope Lake Marsh Hill Knight Potter Wolf Sharp Moss"),
    cities=_lines(
        "Macon; Salinas; Bloomington; Harrisonburg; Joplin; Redding; Biloxi; Flint; St. Augustine; Rapid City; Lake Charles; "
        "Norwalk; Waco; Dubuque; Elmira; Ogden"
    ),
    streets=_lines(
        "Hickory Street; Deer Path Rd; W. Madison Ave; Poplar St; Malcolm X Blvd; Ridgecrest Drive; 33rd Street; North Park Road; "
        "Dogwood Ln; Stonegate Court; Quail Run Circle; Harbor Plaza"
    ),
    hospitals=_lines(
        "Providence Hospital; St. Mary's Medical Center; Flint Memorial Hospital; University of Kansas Medical Center; "
        "Eastside Family Clinic; Silver Oaks Nursing Home; Our Lady of Lourdes Hospital; Watanabe Dental Clinic"
    ),
    employers=_lines("Intel; Goodyear; Nordstrom; Cargill; Albertsons; Pfizer"),
    syllables=_words("gor lin pav esh tud ri mak col en ulo zim har bek as ford yel"),
)
