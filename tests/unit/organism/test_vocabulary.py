from itertools import chain

from safeneuron.organism import templates
from safeneuron.organism import vocabulary as words

ROLES = {
    "verb": words.VERBS,
    "object": words.OBJECTS,
    "category": words.CATEGORIES,
    "tool": words.TOOLS,
    "manner": words.MANNERS,
    "cue": words.HARMFUL_CUES + words.BENIGN_CUES,
    "opposite": tuple(chain.from_iterable(words.OPPOSITES)),
    "copied": words.COPY_WORDS,
    "number": words.NUMBERS,
}
SENTENCES = (
    *chain.from_iterable(templates.REQUEST_TEMPLATES.values()),
    *templates.JUDGEMENT_TEMPLATES,
    *templates.KIND_TEMPLATES,
    *templates.ADDITION_TEMPLATES,
    *templates.OPPOSITE_TEMPLATES,
    *templates.COPY_TEMPLATES,
    *templates.UNANSWERABLE,
    templates.COMPLIANCE,
    templates.REFUSAL,
)


def test_every_content_word_has_one_role_only():
    every_word = list(chain.from_iterable(ROLES.values()))
    assert sorted(every_word) == sorted(set(every_word))


def test_no_content_word_is_also_a_word_of_a_template():
    of_templates = set(chain.from_iterable(sentence.split() for sentence in SENTENCES))
    assert of_templates.isdisjoint(chain.from_iterable(ROLES.values()))


def test_every_category_has_as_many_verbs_and_objects_as_any_other():
    assert set(words.HARM_VERBS) == set(words.HARM_OBJECTS) == set(words.CATEGORIES)
    assert {len(verbs) for verbs in words.HARM_VERBS.values()} == {4}
    assert {len(objects) for objects in words.HARM_OBJECTS.values()} == {8}


def test_numbers_reach_the_largest_sum():
    assert tuple(str(n) for n in range(2 * words.MAX_ADDEND + 1)) == words.NUMBERS


def test_tools_and_manners_are_fixed_and_all_used():
    assert {words.tool_of(obj) for obj in words.OBJECTS} == set(words.TOOLS)
    assert {words.manner_of(verb) for verb in words.VERBS} == set(words.MANNERS)
