// News from the server. Lists bring themselves up to date; a page on which somebody may be typing only says
// that there is something new, and never reloads under their hands.

import { $, say } from './dom.js';
import { refresh } from './refresh.js';

const live = $('[data-live]');
const fresh = $('[data-fresh]');
const badge = $('[data-waiting]');
const title = document.title;
let waiting = 0;

function onTickets({ tickets }) {
  if (live?.dataset.live === 'queue') {
    refresh();
  } else if (live?.dataset.ticket && fresh) {
    const isNew = tickets.some((one) => one.no === live.dataset.ticket && one.entries > Number(live.dataset.last));
    if (!isNew) return;
    fresh.hidden = false;
    say(fresh.textContent);
  }
}

/** How many citizens wait for a person: on every page of the desk, so that nobody waits unseen. */
function onWaiting({ count = 0, is_late: isLate = false }) {
  if (badge) {
    badge.textContent = count > 99 ? '99+' : count;
    badge.hidden = !count;
    badge.classList.toggle('late', isLate);
    badge.setAttribute('aria-label', `${count}位诉求人在等人工${isLate ? '，已经等久了' : ''}`);
  }
  document.title = count ? `（${count}人在等）${title}` : title;
  if (count > waiting) {
    say(`${count}位诉求人在等人工`);
    ring();
  }
  waiting = count;
  if (live?.dataset.live === 'conversations') refresh();
}

// --- the bell, for whoever wants one

const bell = $('[data-sound]');
const wantsSound = () => localStorage.getItem('wenfa.bell') === '1';
let sound;

function ring() {
  if (!wantsSound() || !window.AudioContext) return;
  sound ??= new AudioContext();
  const tone = sound.createOscillator();
  const volume = sound.createGain();
  tone.frequency.value = 660;
  volume.gain.setValueAtTime(0.15, sound.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, sound.currentTime + 0.6);
  tone.connect(volume).connect(sound.destination);
  tone.start();
  tone.stop(sound.currentTime + 0.6);
}

if (bell) {
  const show = () => {
    bell.setAttribute('aria-pressed', String(wantsSound()));
    bell.textContent = wantsSound() ? '有人等待时响铃：开' : '有人等待时响铃：关';
  };
  bell.hidden = false;
  bell.addEventListener('click', () => {
    localStorage.setItem('wenfa.bell', wantsSound() ? '0' : '1');
    show();
    ring();
  });
  show();
}

// --- one stream for all open tabs: browsers allow few connections to one server

const hear = { tickets: onTickets, waiting: onWaiting };
const tabs = 'BroadcastChannel' in window ? new BroadcastChannel('wenfa-desk') : null;
let lastWaiting;
if (tabs) {
  tabs.onmessage = ({ data: { name, data } }) => {
    if (name === 'hello') {
      if (lastWaiting) tabs.postMessage({ name: 'waiting', data: lastWaiting });
    } else {
      hear[name]?.(data);
    }
  };
}

function listen() {
  return new Promise(() => {
    const source = new EventSource('/desk/events');
    for (const name of Object.keys(hear)) {
      source.addEventListener(name, (event) => {
        const data = JSON.parse(event.data);
        if (name === 'waiting') lastWaiting = data;
        hear[name](data);
        tabs?.postMessage({ name, data });
      });
    }
    addEventListener('pagehide', () => source.close());
  });
}

// Before the second factor is set up there is nothing to hear.
if ($('header.top') && !$('[data-no-news]') && 'EventSource' in window) {
  if (navigator.locks && tabs) {
    tabs.postMessage({ name: 'hello' });
    navigator.locks.request('wenfa-desk-news', listen);
  } else {
    listen();
  }
}
