import numpy as np

from playground.voice import RATE, speak


def test_it_has_the_length_that_was_asked_for():
    assert len(speak(2.5).samples) == 2.5 * RATE


def test_it_sounds_like_a_voice():
    """Harmonics of one pitch between 150 and 300 Hz, most of it below 4 kHz."""
    part = speak(2).samples[int(0.2 * RATE) : int(0.3 * RATE)]
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
    frequencies = np.fft.rfftfreq(len(part), 1 / RATE)
    assert spectrum[frequencies < 4000].sum() > 0.95 * spectrum.sum()
    echo = np.correlate(part, part, "full")[len(part) - 1 :]
    shortest, longest = RATE // 300, RATE // 150
    assert echo[shortest:longest].max() > 0.8 * echo[0]


def test_the_vowels_differ():
    voice = speak(6)
    widths = [voice.mouth(t)[1] for t in np.arange(0.2, 5.8, 0.05)]
    assert min(widths) < -0.6 < 0.6 < max(widths)


def test_outside_its_time_the_mouth_is_as_at_its_ends():
    voice = speak(1)
    assert voice.mouth(-1) == voice.mouth(0)
    assert voice.mouth(99) == voice.mouth(1.0)


def test_before_the_first_word_there_is_silence():
    assert not speak(0.1).samples.any()
