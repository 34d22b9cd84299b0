"""What the page sets for the whole process changes how fast it is, and nothing else."""

import copy
import logging

import gradio as gr
import pytest
from gradio.blocks import BlocksConfig
from gradio.state_holder import SessionState

from demo import process


def small_page():
    with gr.Blocks(analytics_enabled=False) as page:
        words = gr.Textbox("walk", label="Words")
        with gr.Row():
            answer = gr.Label(label="Answer")
        gr.Button("Go").click(lambda text: {text: 1.0}, words, answer)
    return page


def test_a_page_that_keeps_descriptions_gives_the_same_ones():
    page = small_page()
    plain, session = page.get_config_file(), copy.deepcopy(SessionState(page).config_values)
    assert process.describe_components_once(page)
    assert page.get_config_file() == plain
    assert SessionState(page).config_values == session


def test_a_sessions_value_stays_its_own():
    page = small_page()
    process.describe_components_once(page)
    one, other = SessionState(page), SessionState(page)
    (words,) = [key for key, block in page.blocks.items() if getattr(block, "label", "") == "Words"]
    one._update_value_in_config(words, "jump")
    assert one.config_values[words]["props"]["value"] == "jump"
    assert other.config_values[words]["props"]["value"] == "walk"


def test_components_are_described_once_and_gradios_class_stays_as_it_is(monkeypatch):
    before = dict(vars(BlocksConfig))
    page = small_page()
    process.describe_components_once(page)
    assert dict(vars(BlocksConfig)) == before
    described = []
    monkeypatch.setattr(gr.Textbox, "get_config", lambda self: described.append(self) or {})
    SessionState(page)
    assert not described


def test_another_gradio_is_left_as_it_is_and_the_log_says_so(monkeypatch, caplog):
    page = small_page()
    monkeypatch.setattr(BlocksConfig, "config_for_block", staticmethod(lambda block: {}))
    plain = page.default_config
    with caplog.at_level(logging.WARNING):
        assert not process.describe_components_once(page)
    assert page.default_config is plain and "slower" in caplog.text


@pytest.mark.parametrize("name", ["GRADIO_ANALYTICS_CACHE_FREQUENCY", "GRADIO_ANALYTICS_MAX_EVENTS"])
def test_what_the_environment_says_goes_before(monkeypatch, name):
    monkeypatch.setenv(name, "7")
    process.sum_up_requests_rarely()
    assert process.os.environ[name] == "7"
