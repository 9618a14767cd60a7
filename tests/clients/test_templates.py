"""Every example of RFC 6570, section 3.2, in Python and in JavaScript."""

import json

import pytest

from homeroom_client import UnknownVariable, expand
from homeroom_client.templates import variables_of

VALUES = {
    "count": ["one", "two", "three"],
    "dom": ["example", "com"],
    "dub": "me/too",
    "hello": "Hello World!",
    "half": "50%",
    "var": "value",
    "who": "fred",
    "base": "http://example.com/home/",
    "path": "/foo/bar",
    "list": ["red", "green", "blue"],
    "keys": {"semi": ";", "dot": ".", "comma": ","},
    "v": "6",
    "x": "1024",
    "y": "768",
    "empty": "",
    "empty_keys": {},
    "undef": None,
}
EXAMPLES = {
    "{count}": "one,two,three",
    "{count*}": "one,two,three",
    "{/count}": "/one,two,three",
    "{/count*}": "/one/two/three",
    "{;count}": ";count=one,two,three",
    "{;count*}": ";count=one;count=two;count=three",
    "{?count}": "?count=one,two,three",
    "{?count*}": "?count=one&count=two&count=three",
    "{&count*}": "&count=one&count=two&count=three",
    "{var}": "value",
    "{hello}": "Hello%20World%21",
    "{half}": "50%25",
    "O{empty}X": "OX",
    "O{undef}X": "OX",
    "{x,y}": "1024,768",
    "{x,hello,y}": "1024,Hello%20World%21,768",
    "?{x,empty}": "?1024,",
    "?{x,undef}": "?1024",
    "?{undef,y}": "?768",
    "{var:3}": "val",
    "{var:30}": "value",
    "{list}": "red,green,blue",
    "{list*}": "red,green,blue",
    "{keys}": "semi,%3B,dot,.,comma,%2C",
    "{keys*}": "semi=%3B,dot=.,comma=%2C",
    "{+var}": "value",
    "{+hello}": "Hello%20World!",
    "{+half}": "50%25",
    "{base}index": "http%3A%2F%2Fexample.com%2Fhome%2Findex",
    "{+base}index": "http://example.com/home/index",
    "O{+empty}X": "OX",
    "{+path}/here": "/foo/bar/here",
    "up{+path}{var}/here": "up/foo/barvalue/here",
    "{+x,hello,y}": "1024,Hello%20World!,768",
    "{+path:6}here": "/foo/bhere",
    "{+list*}": "red,green,blue",
    "{+keys}": "semi,;,dot,.,comma,,",
    "{+keys*}": "semi=;,dot=.,comma=,",
    "{#var}": "#value",
    "{#hello}": "#Hello%20World!",
    "{#half}": "#50%25",
    "foo{#empty}": "foo#",
    "foo{#undef}": "foo",
    "{#path,x}/here": "#/foo/bar,1024/here",
    "{#path:6}here": "#/foo/bhere",
    "{#keys*}": "#semi=;,dot=.,comma=,",
    "{.who,who}": ".fred.fred",
    "{.half,who}": ".50%25.fred",
    "www{.dom*}": "www.example.com",
    "X{.empty}": "X.",
    "X{.undef}": "X",
    "X{.var:3}": "X.val",
    "X{.keys}": "X.semi,%3B,dot,.,comma,%2C",
    "X{.keys*}": "X.semi=%3B.dot=..comma=%2C",
    "X{.empty_keys*}": "X",
    "{/who,dub}": "/fred/me%2Ftoo",
    "{/var,empty}": "/value/",
    "{/var,undef}": "/value",
    "{/var:1,var}": "/v/value",
    "{/list*,path:4}": "/red/green/blue/%2Ffoo",
    "{/keys*}": "/semi=%3B/dot=./comma=%2C",
    "{;v,empty,who}": ";v=6;empty;who=fred",
    "{;hello:5}": ";hello=Hello",
    "{;keys}": ";keys=semi,%3B,dot,.,comma,%2C",
    "{;keys*}": ";semi=%3B;dot=.;comma=%2C",
    "{?x,y,empty}": "?x=1024&y=768&empty=",
    "{?x,y,undef}": "?x=1024&y=768",
    "{?var:3}": "?var=val",
    "{?keys}": "?keys=semi,%3B,dot,.,comma,%2C",
    "{?keys*}": "?semi=%3B&dot=.&comma=%2C",
    "?fixed=yes{&x}": "?fixed=yes&x=1024",
    "{&x,y,empty}": "&x=1024&y=768&empty=",
}


def given(template):
    return {name: VALUES[name] for name in variables_of(template)}


@pytest.mark.parametrize("template", EXAMPLES)
def test_python_expands_as_the_standard_says(template):
    assert expand(template, given(template)) == EXAMPLES[template]


def test_javascript_expands_as_the_standard_says(node):
    asked = [[template, given(template)] for template in EXAMPLES]

    assert json.loads(node("expand.mjs", stdin=json.dumps(asked))) == list(EXAMPLES.values())


def test_numbers_and_truth_are_written_as_in_json():
    assert expand("{?limit,count}", {"limit": 2, "count": True}) == "?limit=2&count=true"


def test_a_value_for_which_there_is_no_hole_is_an_error_in_both(node):
    with pytest.raises(UnknownVariable, match="titel: no part of"):
        expand("/classes{?title}", {"titel": "Choir"})

    refused = node("expand.mjs", stdin=json.dumps([["/classes{?title}", {"titel": "Choir"}]]))
    assert json.loads(refused) == ["RangeError: titel: no part of /classes{?title}"]
