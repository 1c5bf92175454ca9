import { clock, twelveHour, usDate } from './call.ts';
import { cityAs, join, type Product, stamped } from './product.ts';

export const interact: Product = {
  id: 'interact',
  agency: (random) => {
    const style = '<style>td { font: 8pt } h1 {color: red}</style>';
    const descriptions = random.chance(0.5);
    return (now, call) => ({
      subject: `Unit ${call.units[0]} from FVFD gets Dispatched`,
      body: `<html><head>${style}</head><body>As of ${usDate(call)} ${clock(call)}<h1>Incident Information</h1><table>
<tr><td>CAD Incident: ${call.year}-${now.digits(8)}</td><td>Event Code: ${call.code} - ${call.nature}</td></tr>
${descriptions ? `<tr><td>Event Code Description: ${call.nature}</td></tr>` : ''}
<tr><td>Location: ${call.written}, ${call.city}</td></tr><tr><td>Community: ${call.city}</td><td>Apartment: ${call.apartment}</td></tr>
<tr><td>Cross Streets: ${call.cross.join(' &amp; ')}</td></tr><tr><td>Priority Description: ${call.priority}</td><td>Incident Disposition: </td></tr></table>
<h1>Unit Information</h1><table><tr><th>Unit</th><th>Org Name</th><th>Area</th><th>Types</th></tr>
${call.units.map((unit) => `<tr><td>${unit}</td><td>FVFD</td><td>N</td><td>E</td></tr>`).join('\n')}</table>
<h1>Notes</h1><table><tr><td>${usDate(call)} ${clock(call)}</td><td>${call.narrative}</td></tr></table></body></html>`,
    });
  },
};

export const newWorldTilde: Product = {
  id: 'new-world-rip-and-run',
  agency: () => (_, call) => {
    const tilde = (text: string) => text.replaceAll(' ', '~');
    return {
      subject: 'Rip and Run Report',
      body: [
        'Rip~and~Run~Report',
        '~',
        'Location~Information:',
        `Location:~${tilde(call.written)}~`,
        `Common~Name:~${tilde(call.place)}`,
        `Venue:~${tilde(call.city)}`,
        'Cross~Streets',
        tilde(call.cross.join(' / ')),
        `Phone:~${tilde(call.phone)}`,
        'Station:~12',
        `Quadrant:~${call.map}`,
        'District:~4',
        '~',
        'Call~Information:',
        `Call~Number:~${call.number}`,
        `Call~Type:~${tilde(call.nature)}`,
        'Source:~911',
        `Priority:~${call.priority}`,
        'Status:~Dispatched',
        `Caller:~${tilde(call.caller)}`,
        `Call~Date/Time:~${usDate(call, 4)}~${clock(call)}`,
        `Dispatch~Date/Time:~${usDate(call, 4)}~${clock(call)}`,
        '~',
        'Units~Sent:~1',
        call.units.join('~~'),
        'Narrative:',
        `${usDate(call)}~${clock(call)}~${tilde(call.narrative)}`,
      ].join('\n'),
    };
  },
};

export const newWorldColumns: Product = {
  id: 'new-world-columns',
  agency: () => (_, call) => ({
    subject: 'Automatic R&R Notification',
    body: `Incident Number  : ${call.number}      ORI: EX0120000    Station: 12
Incident Type  . : ${call.code} F ${call.nature}              Priority: ${call.priority}
Incident Location: ${call.written}
Venue: ${call.city}
Located Between: ${call.cross.join(' / ')}
Common Name. . . : ${call.place}
Call Time- ${clock(call)}   Date- ${usDate(call)}
Dispatch - ${clock(call)}
Area: 1  Section : 2 Beat : 3 Grid: ${call.map} Quadrant: 4 District: 5
Phone Number: ${call.phone}     Call Source: 911
Caller. . . : ${call.caller}
Units sent : FVFD   ${call.units.join(' ')}
Nature of Call : ${call.narrative}
Narrative
${call.narrative}`,
  }),
};

export const newWorldHtml: Product = {
  id: 'new-world-html',
  agency: (random, habit) => {
    const address = random.pick(['Address', 'Call Address', 'Location']);
    const type = random.pick(['Call Type', 'Fire Call Type', 'EMS Call Type']);
    const units = random.pick(['Units', 'Units Assigned', 'Assigned Units']);
    const br = random.chance(0.5);
    return (now, call) => {
      const rows: (readonly [string, string])[] = [
        ['Call Date/Time', `${usDate(call, 4)} ${twelveHour(call)}`],
        [
          address,
          `${call.written}, ${cityAs(call, habit)}${call.apartment ? ` APT ${call.apartment}` : ''}`,
        ],
        ['Common Name', call.place],
        ['Cross Streets', call.cross.join(', ') || 'No Cross Streets Found'],
        [type, call.nature],
        ['Call Priority', call.priority],
        ['Fire Area', call.map],
        ['Narrative', `[${call.narrative}], [second line]`],
        [
          'Incident Number(s)',
          `[${call.year}-${now.digits(8)} FD0001], [Incident not yet created FD0002]`,
        ],
        [units, call.units.join(', ')],
      ];
      const html = br
        ? rows.map(([label, value]) => `<b>${label}:</b> ${value}<br>`).join('\n')
        : `<table>${rows.map(([label, value]) => `<tr><td>${label}:</td><td>${value}</td></tr>`).join('')}</table>`;
      return {
        subject: `Automatic R&R Notification: ${call.nature}`,
        body: `<html><body>${html}</body></html>`,
      };
    };
  },
};

export const newWorldLine: Product = {
  id: 'new-world-line',
  agency: () => (now, call) => ({
    subject: 'CAD Notification',
    body: join(
      [
        `Address: ${call.written}`,
        `City: ${call.city}`,
        `Cross: ${call.cross.join(' / ')}`,
        `Place: ${call.place}`,
        `Call: ${call.number}`,
        `Incident #: ${now.digits(6)}`,
        `Nature: ${call.nature}`,
        `Unit: ${call.units.join(', ')}`,
        `Info: ${call.narrative}`,
        `GPS: ${call.lat},${call.lon}`,
      ],
      ' ',
    ),
  }),
};

export const cis: Product = {
  id: 'cis',
  agency: (random) => {
    const html = random.chance(0.3);
    const placed = random.chance(0.3);
    return (now, call) => {
      const place = placed && call.place ? `${call.place}, ` : '';
      const sentence = `${call.nature} at ${place}${call.written}, ${now.chance(0.1) ? '' : call.city}, ${call.zip}`;
      const body = `Notification from Example Co 911:

${sentence}

${call.agency} - ${call.year}${now.digits(8)}

Time reported: ${call.month}/${call.day}/${call.year} ${twelveHour(call)}

Unit(s) responded:
${call.units.join('\n')}
${call.narrative}`;
      return {
        subject: sentence,
        body: html ? `<html><body>${body.replaceAll('\n', '<br>\n')}</body></html>` : body,
      };
    };
  },
};

export const enterpol: Product = {
  id: 'enterpol',
  agency: () => (now, call) => {
    const head = `NEWOCC #${String(call.year).slice(2)}-${now.digits(3)}  ${call.code} - ${call.nature}`;
    return {
      subject: head,
      body: `${head}
Address: ${call.place ? `${call.place} - ` : ''}${call.written}, ${call.city}
Reporting Person: ${call.caller}, Phone: ${call.phone}
Detail:
${call.narrative}`,
    };
  },
};

export const omnigo: Product = {
  id: 'omnigo',
  agency: () => (now, call) => ({
    subject: 'Event Report',
    body: `Example County 911
100 COURTHOUSE SQ  FAIRVALE, ${call.state} ${call.zip}   555-0100

Event Report

Event No: ${call.number}    Status: Open    Disposition:     Category: ${call.nature}
Complaint Numbers

Address: ${call.written}, ${call.city}   Precinct: 1 Sector: 2 GEO: 3 ESZ: ${now.digits(3)} Ward:
Intersection: ${call.cross.join(' / ')}

Date / Time
Open: ${usDate(call, 4)} ${clock(call)}   Law Enf.: No
Dispatch:                                 Fire: Yes

Person(s) Involved
${call.caller}   ${call.phone}

Incident Notes:
**${usDate(call, 4)} ${clock(call)} 0709** ${call.narrative}`,
  }),
};

export const premierOne: Product = {
  id: 'premier-one',
  agency: () => (now, call) => ({
    subject: `Incident ${call.number}`,
    body: `INCIDENT DETAILS
--------------------------------
LOCATION
Location: ${now.chance(0.1) ? 'APPROX LOC: ' : ''}${call.written}
Loc Name: ${call.place}
Loc Descr:
City: ${call.city}
Building:       Subdivision:
Floor:          Apt/Unit: ${call.apartment}
Zip Code: ${call.zip}
Cross Strs: ${call.cross.join('/')}
Area: 1    Sector: 2    Beat: 3    Map Book: ${call.map}
--------------------------------
INCIDENT
Inc #: ${call.number}
Priority: ${call.priority}     Inc Type: ${call.code}
Descr: ${call.nature}
Mod Circum:
Created: ${clock(call)} ${usDate(call, 4)}
Caller: ${call.caller}
Phone: ${call.phone}
--------------------------------
UNITS DISPATCHED
${call.units.join(' ')}
PERSONNEL DISPATCHED

COMMENTS
${stamped(now, call)}
PREMISE HAZARD`,
  }),
};

export const proPhoenix: Product = {
  id: 'prophoenix',
  agency: (random, habit) => {
    const newer = random.chance(0.5);
    return (_, call) =>
      newer
        ? {
            body: `Call# ${call.number}
Report Date/Time: ${usDate(call, 4)} ${clock(call)}
Juris: FVFD
Call Type: ${call.nature}
Location: ${call.written}; ${cityAs(call, habit)}
Units Dispatched: ${call.units.join(',')}
Comments: ${call.narrative}`,
          }
        : {
            body: `${call.number} {${usDate(call, 4)} ${clock(call)}}
${call.code} - ${call.nature}{${call.priority}}
${call.written};${call.cityCode}
Units: ${call.units.join(',')}
Comments: ${call.narrative}`,
          };
  },
};

export const archonix: Product = {
  id: 'archonix',
  agency: () => (now, call) => ({
    subject: `Dispatch ${call.units[0]}`,
    body: join(
      [
        call.nature,
        `${call.written} ,${call.cityCode} ${now.digits(3)}`,
        call.apartment && `#:${call.apartment}`,
        call.cross.length === 2 && `X:${call.cross.join('/')}`,
        `ZN:${now.digits(3)}`,
        call.place && `CP:${call.place}`,
        `Time:${clock(call)}`,
        `MI#:${call.number}`,
        `Lat/Lon: ${call.lat},${call.lon}`,
      ],
      '\n',
    ),
  }),
};
