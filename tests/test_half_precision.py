"""Packed linear layers: the same numbers, with and without gradients, and after their weights change."""

import copy

import pytest
import torch
from torch import nn

from motionclip.models.half_precision import PackedLinear, pack

pytestmark = pytest.mark.skipif(
    "fbgemm" not in torch.backends.quantized.supported_engines, reason="needs an x86 processor"
)


def halves() -> nn.Linear:
    torch.manual_seed(0)
    linear = nn.Linear(48, 40)
    linear.weight.data = linear.weight.data.half().float()
    return linear


@pytest.mark.parametrize("shape", [(48,), (3, 48), (2, 5, 48)])
def test_the_numbers_are_those_of_the_plain_layer(shape):
    plain, x = halves(), torch.randn(shape)
    packed = nn.Sequential(plain)
    pack(packed)
    assert isinstance(packed[0], PackedLinear)
    with torch.inference_mode():
        assert torch.allclose(packed(x), plain(x), atol=1e-6)


def test_the_copy_follows_the_weights():
    plain, x = halves(), torch.randn(3, 48)
    packed = nn.Sequential(plain)
    pack(packed)
    with torch.no_grad():
        before = packed(x)
    packed(x).square().mean().backward()
    torch.optim.SGD(packed.parameters(), lr=1.0).step()
    with torch.no_grad():
        assert torch.allclose(packed(x), plain(x), atol=1e-3) and not torch.allclose(packed(x), before, atol=1e-2)
        packed.load_state_dict({"0.weight": torch.zeros(40, 48), "0.bias": torch.ones(40)})
        assert torch.equal(packed(x), torch.ones(3, 40))
        assert torch.equal(copy.deepcopy(packed)(x), torch.ones(3, 40))


def test_weights_that_halves_do_not_hold_stay_as_they_are():
    plain = nn.Sequential(nn.Linear(8, 8))
    pack(plain)
    assert type(plain[0]) is nn.Linear
    assert list(plain.state_dict()) == ["0.weight", "0.bias"]
    x = torch.randn(3, 8)
    expected = plain(x)
    pack(plain, frozen=True)
    with torch.inference_mode():
        assert torch.allclose(plain(x), expected, atol=2e-3)
