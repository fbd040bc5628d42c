"""Everyday words of support and office language that stand for one another.

A hand-written table, not a thesaurus: a word in the question earns part of the credit when the
context uses another word of its group. A word may be in several groups.
"""

from __future__ import annotations

from functools import lru_cache

from flowgrade.models.reader.words import key

_GROUPS = """
broken faulty defective damaged defect fault broke malfunction
cost price fee charge rate tariff expense
send ship deliver dispatch shipping delivery shipment post mail
return refund reimburse reimbursement exchange back
phone call telephone ring dial hotline
buy purchase order bought acquire
duration days weeks months years hours minutes period term time
team owner contact responsible department group maintainer
fix repair mend resolve solve remedy correct service
problem issue trouble error bug failure incident fault
help support assist assistance aid
begin start commence launch open initiate
end finish stop complete conclude close expire terminate
cancel terminate revoke withdraw abort
change modify alter edit update adjust amend
delete remove erase clear drop purge
create make add build set produce establish found
big large huge great major
small little tiny minor compact
fast quick rapid speedy speed
slow late delayed delay lag
cheap inexpensive affordable budget
expensive costly pricey
free complimentary gratis
customer client buyer shopper consumer user
employee staff worker colleague personnel
manager supervisor boss lead head leader
company firm business organization enterprise employer
job role position post work occupation
salary wage pay payroll earnings compensation
holiday vacation leave absence
sick ill illness unwell sickness disease
doctor physician medical
meeting appointment call conference session
email mail message
letter note message memo
website site page web online portal
password passcode pin credential login
login sign log access signin
account profile registration membership
register enrol enroll sign subscribe join
subscription plan membership package tier
invoice bill receipt statement
pay payment paid settle
money cash funds currency
discount reduction rebate coupon voucher offer sale
gift present voucher
guarantee warranty warrant cover coverage
insurance policy cover coverage
rule policy regulation guideline requirement
allow permit let authorize enable approve
forbid prohibit ban disallow deny block
require need must mandatory necessary demand
optional voluntary
approve approval sign-off confirm accept authorize
reject decline refuse deny
ask request inquire enquire query question
answer reply respond response
say state tell announce declare report
show display present demonstrate
hide conceal mask
find locate search discover look
choose select pick opt
keep retain hold store preserve
store shop outlet branch
warehouse depot stock inventory storage
available stock accessible
place location site spot venue where
address location
country nation state
city town
office building headquarters premises desk
room space hall
car vehicle automobile
bicycle bike cycle
computer laptop pc machine desktop notebook
phone mobile smartphone cellphone cell handset
device machine unit appliance gadget equipment
screen display monitor
battery power cell
charge recharge power
plug socket outlet connector
cable wire cord lead
part component piece spare
tool instrument utility
software program application app
install setup set deploy
uninstall remove
update upgrade patch release version
version release edition
restart reboot reset
reset restore recover
backup copy save
data information details info
file document paper
picture image photo photograph
video film movie clip
manual guide handbook instructions documentation
step procedure process instruction
way method approach means technique
reason cause why because
result outcome effect consequence
goal aim purpose objective target
rule law act statute
contract agreement deal
sign signature
deadline due limit date
limit maximum max cap restriction
minimum least min
size dimension measure
weight weigh heavy kilogram
length long height tall width
wash clean cleaning rinse
dry drying
water liquid moisture wet
heat hot warm temperature
cold cool freeze
light lamp bulb
noise sound loud
safe safety secure security
danger hazard risk
protect guard secure defend
hurt injury injure wound
fire emergency alarm
child kid
parent mother father
person people individual human
old aged ancient age
new recent latest modern
next following subsequent
previous former earlier prior past
today daily day
yearly annual year
monthly month
weekly week
often frequency frequently
total sum overall amount
number amount count quantity
part share portion percentage proportion percent
increase grow rise raise gain
decrease reduce lower fall drop decline
get receive obtain
give provide supply offer grant
use utilize apply employ
travel trip journey
hotel accommodation lodging
flight plane airline
train rail railway
food meal lunch catering
expense cost reimbursement
replace replacement swap exchange substitute
missing lost absent
wait queue
lock block suspend freeze
tax vat duty
bank banking
complaint complain grievance
feedback review opinion survey
train training course teach learn
school college university
kind type sort category
name call title known
different various other
famous popular known
win victory defeat beat
die death dead kill
war battle conflict fight
live reside dwell home
writer author wrote
inventor invent discover
film movie
rain weather
language tongue
main primary principal chief
""".strip().splitlines()


@lru_cache(maxsize=8_192)
def alternatives(term: str) -> frozenset[str]:
    """Return the keys of the words that may stand for the word with this key."""
    groups = _groups()
    return frozenset().union(*groups.get(term, ())) - {term}


@lru_cache(maxsize=1)
def _groups() -> dict[str, list[frozenset[str]]]:
    found: dict[str, list[frozenset[str]]] = {}
    for line in _GROUPS:
        group = frozenset(filter(None, map(key, line.split())))
        for term in group:
            found.setdefault(term, []).append(group)
    return found
