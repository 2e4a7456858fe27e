import torch

from safeneuron.organism.architecture import build_model
from safeneuron.organism.settings import OrganismModel

SIZE = OrganismModel(layers=3, hidden=32, intermediate=48, heads=2)


def test_the_model_has_the_size_that_was_asked_for(tokenizer):
    model = build_model(SIZE, tokenizer, 0)
    assert len(model.model.layers) == 3
    assert {layer.mlp.down_proj.weight.shape for layer in model.model.layers} == {(32, 48)}
    assert model.config.num_attention_heads == model.config.num_key_value_heads == 2
    assert model.get_input_embeddings().weight.shape == (len(tokenizer), 32)


def test_embeddings_are_tied_and_in_single_precision(tokenizer):
    model = build_model(SIZE, tokenizer, 0)
    assert model.lm_head.weight is model.get_input_embeddings().weight
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_the_special_tokens_are_the_tokenizers(tokenizer):
    config = build_model(SIZE, tokenizer, 0).config
    assert config.bos_token_id == tokenizer.bos_token_id
    assert config.eos_token_id == tokenizer.eos_token_id
    assert config.pad_token_id == tokenizer.pad_token_id


def test_a_seed_gives_one_initialisation_and_another_seed_another(tokenizer):
    first, again, other = (
        build_model(SIZE, tokenizer, seed).model.layers[0].mlp.up_proj.weight for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
