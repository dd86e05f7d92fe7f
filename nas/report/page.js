(function () {
  'use strict';
  const data = JSON.parse(document.getElementById('report-data').textContent);
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const percent = (v) => (100 * v).toFixed(2) + ' %';
  const fixed = (digits) => (v) => v.toFixed(digits);
  const significant = (v) => String(Number(v.toPrecision(4)));

  // Which columns of a history a chart shows. Dashes tell the two curves apart where colour does not.
  const kinds = {
    loss: { series: [['train', 'train_loss'], ['validation', 'validation_loss']], show: fixed(4) },
    accuracy: { series: [['train', 'train_accuracy'], ['validation', 'validation_accuracy']], show: percent, axis: (v) => significant(100 * v) },
    entropy: { series: [['entropy', 'entropy']], show: fixed(4) },
    learning_rate: { series: [['learning rate', 'learning_rate']], show: (v) => v.toPrecision(4) },
  };
  const finite = (values) => values.some((v) => v !== null);

  function legend(box, chart, row) {
    box.textContent = '';
    const at = document.createElement('span');
    at.textContent = 'epoch ' + chart.history.epoch[row];
    box.appendChild(at);
    chart.series.forEach(([name, column], i) => {
      const entry = document.createElement('span'), swatch = document.createElement('i');
      swatch.style.color = chart.colors[i];
      if (name === 'validation') swatch.className = 'dashed';
      const value = chart.history[column][row];
      entry.append(swatch, name + ' ' + (value === null ? 'not a number' : chart.show(value)));
      box.appendChild(entry);
    });
  }

  const groups = [];
  function select(group, row) {
    group.forEach((chart) => {
      legend(chart.legend, chart, row);
      chart.graph.setSelection(row);
    });
  }

  function drawChart(plot, history, group) {
    const kind = kinds[plot.dataset.chart];
    const series = kind.series.filter(([, column]) => finite(history[column]));
    const colors = series.map(([name]) => css(name === 'validation' ? '--validation' : '--train'));
    const rows = history.epoch.map((epoch, i) => [epoch].concat(series.map(([, column]) => history[column][i])));
    const patterns = {};
    series.forEach(([name]) => { patterns[name] = name === 'validation' ? { strokePattern: [6, 4] } : {}; });
    // Without touch handlers a finger scrolls the page instead of the curve.
    const mouse = Object.assign({}, Dygraph.defaultInteractionModel);
    ['touchstart', 'touchmove', 'touchend'].forEach((name) => { delete mouse[name]; });
    const first = history.epoch[0], last = history.epoch[history.epoch.length - 1];
    const pad = Math.max((last - first) * 0.02, first === last ? 1 : 0);
    const graph = new Dygraph(plot, rows, {
      labels: ['epoch'].concat(series.map(([name]) => name)),
      colors: colors, series: patterns, strokeWidth: 2, drawPoints: rows.length <= 30, pointSize: 2.5, highlightCircleSize: 4.5,
      labelsDiv: document.createElement('div'), interactionModel: mouse, dateWindow: [first - pad, last + pad], yRangePad: 8,
      axisLineColor: css('--line'), gridLineColor: css('--line'), gridLineWidth: 0.7,
      axes: {
        x: { axisLabelFormatter: (v) => (Number.isInteger(v) && v >= first && v <= last ? String(v) : ''), pixelsPerLabel: 55, drawGrid: false },
        y: { axisLabelFormatter: kind.axis || significant, axisLabelWidth: 54, pixelsPerLabel: 34 },
      },
      highlightCallback: (event, x, points, row) => select(group, row),
      unhighlightCallback: () => select(group, group.row),
    });
    group.push({ graph, series, colors, history, show: kind.show, legend: plot.parentNode.querySelector('.legend') });
  }

  function drawAll() {
    groups.forEach((group) => group.forEach((chart) => chart.graph.destroy()));
    groups.length = 0;
    document.querySelectorAll('.charts').forEach((box) => {
      const history = data.histories[Number(box.dataset.history)], group = [];
      group.row = history.epoch.length - 1;
      group.history = Number(box.dataset.history);
      box.querySelectorAll('.plot').forEach((plot) => drawChart(plot, history, group));
      groups.push(group);
      select(group, group.row);
    });
  }
  drawAll();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);

  const maps = Array.from(document.querySelectorAll('.heat')).map((table) => {
    const alphas = data.alphas[Number(table.dataset.alphas)];
    let largest = 0;
    alphas.weights.forEach((matrix) => matrix.forEach((row) => row.forEach((w) => { largest = Math.max(largest, w || 0); })));
    const rows = Array.from(table.tBodies[0].rows).map((row) => Array.from(row.querySelectorAll('td')));
    return { alphas, rows, largest: largest || 1, skips: table.parentNode.querySelector('.skips') };
  });

  function strongest(alphas, weights) {
    let best = -1;
    weights.forEach((w, k) => { if (w !== null && alphas.operations[k] !== 'none' && (best < 0 || w > weights[best])) best = k; });
    return best;
  }

  function showMap(map, frame) {
    const matrix = map.alphas.weights[Math.min(frame, map.alphas.weights.length - 1)];
    let skips = 0;
    map.rows.forEach((cells, edge) => {
      const best = strongest(map.alphas, matrix[edge]);
      if (best >= 0 && map.alphas.operations[best].startsWith('skip')) ++skips;
      cells.forEach((cell, k) => {
        const weight = matrix[edge][k], share = (weight || 0) / map.largest;
        cell.textContent = weight === null ? '–' : weight.toFixed(2);
        cell.style.setProperty('--a', share.toFixed(3));
        cell.classList.toggle('hot', share > 0.6);
        cell.classList.toggle('best', k === best);
        cell.title = map.alphas.edges[edge] + ', ' + map.alphas.operations[k] + ': ' + (weight === null ? 'not a number' : weight.toFixed(4));
      });
    });
    map.skips.textContent = 'skip is the strongest on ' + skips + ' of ' + map.rows.length + ' edges; many skips are the known way a search collapses.';
  }

  const slider = document.getElementById('epoch');
  const frames = Math.max(0, ...maps.map((map) => map.alphas.weights.length));
  function showFrame(frame) {
    maps.forEach((map) => showMap(map, frame));
    if (!slider) return;
    const epochs = maps.find((map) => map.alphas.weights.length === frames).alphas.epochs;
    slider.value = frame;
    document.getElementById('epoch-name').textContent = 'epoch ' + epochs[frame];
    const search = groups.find((group) => group.history === 0);
    const row = search ? search[0] && search[0].history.epoch.indexOf(epochs[frame]) : -1;
    if (row >= 0) { search.row = row; select(search, row); }
  }
  if (frames > 0) {
    if (slider) {
      slider.max = frames - 1;
      const play = document.getElementById('play');
      let timer = 0;
      const stop = () => { clearInterval(timer); timer = 0; play.textContent = '▶'; play.setAttribute('aria-label', 'play'); };
      slider.addEventListener('input', () => { stop(); showFrame(Number(slider.value)); });
      play.addEventListener('click', () => {
        if (timer) return stop();
        play.textContent = '❚❚';
        play.setAttribute('aria-label', 'pause');
        let frame = Number(slider.value) >= frames - 1 ? -1 : Number(slider.value);
        const tick = () => { frame += 1; showFrame(frame); if (frame >= frames - 1) stop(); };
        // The whole search takes ten seconds at most, a short one a quarter of a second an epoch.
        timer = setInterval(tick, Math.min(250, 10000 / frames));
        tick();
      });
    }
    showFrame(frames - 1);
  }
}());
