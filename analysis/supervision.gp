# Examples to solve against depth under each signal: one column a task, plain layers above, the loop below.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
load ARG0[1 : strlen(ARG0) - strlen('supervision.gp')].'style.gp'

stats TABLES.'budget.tsv' using (BUDGET = column(1), 0) nooutput
array NAME[3]
array UPPER[3]
array LOWER[3]
do for [t=1:3] { NAME[t] = ''; UPPER[t] = ''; LOWER[t] = '' }
stats TABLES.'cells.tsv' using (column(4)) nooutput
LEAST = STATS_min; MOST = STATS_max > STATS_min ? STATS_max : 2*STATS_min
stats TABLES.'panels.tsv' using (column(1)) nooutput
tasks = int(STATS_max) + 1 < 3 ? int(STATS_max) + 1 : 3
stats TABLES.'panels.tsv' using (column(1) < 3 ? (NAME[int(column(1)) + 1] = strcol(3), 0) : 0) nooutput
stats TABLES.'panels.tsv' using (column(1) < 3 && column(2) == 0 ? (UPPER[int(column(1)) + 1] = strcol(4), 0) : 0) nooutput
stats TABLES.'panels.tsv' using (column(1) < 3 && column(2) == 1 ? (LOWER[int(column(1)) + 1] = strcol(4), 0) : 0) nooutput
first(text) = strstrt(text, ':') == 0 ? text : text[1 : strstrt(text, ':') - 1]
rest(text) = strstrt(text, ':') == 0 ? '' : comma(text[strstrt(text, ':') + 1 : *])
comma(text) = strstrt(text, ':') == 0 ? text : text[1 : strstrt(text, ':') - 1].', '.comma(text[strstrt(text, ':') + 1 : *])
times(text) = strstrt(text, 'x') == 0 ? text : text[1 : strstrt(text, 'x') - 1].' × '.text[strstrt(text, 'x') + 1 : *]
array SHOWN[5] = ['answer only', 'curriculum', 'hint', 'dense', 'trace (CoT)']
array INKED[5] = [COLOUR[6], COLOUR[5], COLOUR[4], COLOUR[3], COLOUR[2]]
array SHAPED[5] = [MARKER[6], MARKER[5], MARKER[4], MARKER[3], MARKER[2]]
pitch = 0.80/tasks
left(t) = 0.066 + pitch*(t - 1)
right(t) = left(t) + pitch - 0.060
# Marks of what was not solved stand in a band above the budget, side by side; all marks a little apart.
beside(s, d) = d*1.05**(s - 3)
above(s) = BUDGET*2**(0.55 + 0.42*(s - 1))

here(s) = column(1) == t - 1 && column(2) == m && column(3) == s - 1

set multiplot
do for [t=1:tasks] {
  do for [m=0:1] {
    model = m == 0 ? UPPER[t] : LOWER[t]
    if (strlen(model) > 0) {
      @CURVES
      set lmargin at screen left(t); set rmargin at screen right(t)
      set tmargin at screen (m == 0 ? 0.890 : 0.495); set bmargin at screen (m == 0 ? 0.560 : 0.165)
      if (m == 0) { set label 1 heading(word('a b c', t), plain(first(NAME[t]))) at screen left(t) - 0.058, screen 0.960 font HEAD textcolor rgb INK }
      if (m == 0) { set label 3 plain(rest(NAME[t])) at screen right(t), screen 0.945 right font SMALL textcolor rgb SOFT }
      set label 2 times(model) at graph 0.03,0.07 font SMALL textcolor rgb SOFT
      set logscale xy 2; set xrange [LEAST*0.75:MOST*1.35]; set yrange [BUDGET/128.0:BUDGET*8]; set xtics 2 offset 0,0.4 font SMALL; set format y '2^{%L}'; set ytics 16 font SMALL
      set object 1 rect from graph 0, first BUDGET to graph 1,1 fc rgb SHADE fs solid 1.0 noborder behind
      if (m == 1 || strlen(LOWER[t]) == 0) { set xlabel 'depth' offset 0,0.8 textcolor rgb INK } else { unset xlabel }
      if (t == 1) { set ylabel 'examples' offset 1.4,0 textcolor rgb INK } else { unset ylabel }
      plot [LEAST*0.75:MOST*1.35] BUDGET with lines lw 1.0 dt (3,3) lc rgb INK notitle, \
           for [s=1:5] TABLES.'cells.tsv' using (here(s) ? beside(s, column(4)) : NaN):5 with linespoints lw 1.0 pt SHAPED[s] ps 0.45 lc rgb INKED[s] notitle, \
           for [s=1:5] TABLES.'seeds.tsv' using (here(s) ? beside(s, column(4)) : NaN):5 with points pt SHAPED[s] ps 0.2 lc rgb INKED[s] notitle, \
           for [s=1:5] TABLES.'cells.tsv' using (here(s) && strcol(5) eq 'NaN' ? beside(s, column(4)) : NaN):(above(s)) with points pt SHAPED[s] - 1 ps 0.45 lc rgb INKED[s] notitle
    }
  }
}
# ---- one key for all, in a frame of its own
@CLEAN; unset border; unset tics; unset xlabel; unset ylabel
set lmargin at screen 0.820; set rmargin at screen 0.998; set tmargin at screen 0.900; set bmargin at screen 0.100
set xrange [0:1]; set yrange [0:1]
set key left top @KEY font SMALL
plot for [s=1:5] NaN with linespoints lw 1.0 pt SHAPED[s] ps 0.5 lc rgb INKED[s] title SHOWN[s], \
     NaN with points pt MARKER[6] - 1 ps 0.5 lc rgb INK title 'not solved', \
     NaN with lines lw 1.0 dt (3,3) lc rgb INK title 'budget'
unset multiplot
