"""The organism's splits: what they must not share, and how they are drawn."""

from collections import Counter
from itertools import combinations

import pytest

from safeneuron.organism import templates
from safeneuron.organism import vocabulary as words
from safeneuron.organism.language import (
    BENIGN,
    LOOKALIKE,
    PRETRAINING,
    SPLITS,
    TASK,
    draw_splits,
)
from safeneuron.organism.oracle import harm_category
from safeneuron.organism.settings import SplitSize

SIZES = {
    "alignment": SplitSize(per_category=80, benign=400, lookalike=400, task=300),
    "identification": SplitSize(per_category=40, benign=200, lookalike=200, task=50),
    "validation": SplitSize(per_category=20, benign=100, lookalike=100, task=100),
    "evaluation": SplitSize(per_category=20, benign=100, lookalike=100, task=150),
    PRETRAINING: SplitSize(per_category=200, benign=1000, lookalike=1500, task=3000),
}
FOUR = tuple(SIZES)[:4]
SMALL = {split: SplitSize(per_category=4, benign=20, lookalike=20, task=10) for split in SPLITS}


@pytest.fixture(scope="module")
def splits():
    return draw_splits(SIZES, seed=0)


def act_of(text):
    """Verb and object of a request or judgement, by looking words up; None if there is no act."""
    tokens = text.split()
    for verb, the, obj in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if verb in words.VERBS and the == "the" and obj in words.OBJECTS:
            return verb, obj
    return None


def form_of(text):
    """The template of a request: its text with cue, verb and object taken out."""
    verb, obj = act_of(text)
    form = text.replace(f"{verb} the {obj}", "{act}")
    for cue in (*words.HARMFUL_CUES, *words.BENIGN_CUES):
        form = form.replace(f"{cue} {{act}}", "{act}")
    return form


def pairs(sentences):
    return {act_of(s.text) for s in sentences} - {None}


def forms(sentences):
    return {form_of(s.text) for s in sentences if s.category != TASK}


def test_every_split_has_the_sizes_that_were_asked_for(splits):
    assert tuple(splits) == SPLITS
    for split, size in SIZES.items():
        assert Counter(s.category for s in splits[split]) == {
            **dict.fromkeys(words.CATEGORIES, size.per_category),
            BENIGN: size.benign,
            LOOKALIKE: size.lookalike,
            TASK: size.task,
        }


@pytest.mark.parametrize(("one", "other"), list(combinations(SPLITS, 2)))
def test_no_two_splits_share_a_text(splits, one, other):
    assert {s.text for s in splits[one]}.isdisjoint(s.text for s in splits[other])


@pytest.mark.parametrize("split", FOUR)
def test_a_split_other_than_pretraining_repeats_no_text(splits, split):
    texts = [s.text for s in splits[split]]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize(("one", "other"), list(combinations(FOUR, 2)))
def test_no_two_of_the_four_splits_share_a_template(splits, one, other):
    assert forms(splits[one]).isdisjoint(forms(splits[other]))


@pytest.mark.parametrize("split", FOUR)
def test_a_split_uses_all_its_own_templates(splits, split):
    assert forms(splits[split]) == set(templates.REQUEST_TEMPLATES[split])


@pytest.mark.parametrize("split", ["validation", "evaluation"])
@pytest.mark.parametrize("other", FOUR)
def test_validation_and_evaluation_share_no_pair_of_verb_and_object(splits, split, other):
    if split != other:
        assert len(pairs(splits[split])) > 100
        assert pairs(splits[split]).isdisjoint(pairs(splits[other]))


def test_alignment_and_identification_are_about_the_same_pairs(splits):
    shared = pairs(splits["identification"]) & pairs(splits["alignment"])
    assert len(shared) > 0.4 * len(pairs(splits["identification"]))


def test_pretraining_sees_every_template_and_every_word_of_the_requests(splits):
    def words_of(split):
        return {word for s in splits[split] if s.category != TASK for word in s.text.split()}

    assert forms(splits[PRETRAINING]) == set().union(*templates.REQUEST_TEMPLATES.values())
    assert words_of(PRETRAINING) >= set().union(*map(words_of, FOUR))


def test_a_category_is_what_the_request_is_about(splits):
    for sentence in (s for split in splits.values() for s in split):
        if sentence.category in words.CATEGORIES:
            verb, obj = act_of(sentence.text)
            assert verb in words.HARM_VERBS[sentence.category]
            assert obj in words.HARM_OBJECTS[sentence.category]
            assert harm_category(sentence.text) == sentence.category
        else:
            assert harm_category(sentence.text) is None


def test_benign_prompts_have_no_harmful_word_and_lookalikes_exactly_one(splits):
    for sentence in (s for split in splits.values() for s in split):
        if sentence.category in (BENIGN, LOOKALIKE):
            verb, obj = act_of(sentence.text)
            harmful_words = (verb in words.VERB_CATEGORY) + (obj in words.OBJECT_CATEGORY)
            assert harmful_words == (sentence.category == LOOKALIKE)


def test_cues_lean_towards_harm_but_do_not_decide_it(splits):
    requests = [s for split in splits.values() for s in split if s.category != TASK]
    harmful = [s for s in requests if s.category in words.CATEGORIES]

    def share(sentences, cues):
        cued = [
            s for s in sentences if {*words.HARMFUL_CUES, *words.BENIGN_CUES} & {*s.text.split()}
        ]
        assert 0.45 < len(cued) / len(sentences) < 0.55
        return sum(bool({*cues} & {*s.text.split()}) for s in cued) / len(cued)

    safe = [s for s in requests if s.category not in words.CATEGORIES]
    assert 0.65 < share(harmful, words.HARMFUL_CUES) < 0.75
    assert 0.65 < share(safe, words.BENIGN_CUES) < 0.75


def test_a_seed_gives_one_language_and_another_seed_another():
    first, again, other = (draw_splits(SMALL, seed) for seed in (3, 3, 4))
    assert first == again
    assert all(first[split] != other[split] for split in SPLITS)


def test_pretraining_settings_do_not_change_the_other_splits():
    larger = {**SMALL, PRETRAINING: SplitSize(per_category=9, benign=30, lookalike=30, task=30)}
    one, other = draw_splits(SMALL, 0), draw_splits(larger, 0)
    assert all(one[split] == other[split] for split in FOUR)


def test_asking_for_more_prompts_than_there_are_is_an_error_that_says_of_what():
    # 8 pairs of a category, 4 templates, 9 cues or none
    sizes = {**SMALL, "evaluation": SplitSize(per_category=500, benign=20, lookalike=20, task=10)}
    with pytest.raises(ValueError, match=r"'violence' prompts: \d+ of 500 drawn"):
        draw_splits(sizes, 0)
